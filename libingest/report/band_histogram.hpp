// How a band's values are distributed, counted value by value.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace eoshard::ingest {

/// Exact counts of 16-bit values.
class BandHistogram {
 public:
  BandHistogram();

  void add(std::span<const std::uint16_t> values);

  std::uint64_t pixels() const { return pixels_; }
  /// The smallest value with at least `share` (0 … 1) of the pixels at or below it; 0 without pixels.
  std::uint32_t quantile(double share) const;
  /// Pixels in `bins` equal intervals from 0 up to and without `end`; what lies above is left out.
  std::vector<std::uint64_t> bins(std::size_t bins, double end) const;

 private:
  std::vector<std::uint64_t> counts_;  // by value
  std::uint64_t pixels_ = 0;
};

}  // namespace eoshard::ingest
