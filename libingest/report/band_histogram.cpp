#include "libingest/report/band_histogram.hpp"

#include <cmath>

namespace eoshard::ingest {

BandHistogram::BandHistogram() : counts_(std::size_t{1} << 16) {}

void BandHistogram::add(std::span<const std::uint16_t> values) {
  for (const std::uint16_t value : values) ++counts_[value];
  pixels_ += values.size();
}

std::uint32_t BandHistogram::quantile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(pixels_)));
  std::uint64_t seen = 0;
  for (std::size_t value = 0; value < counts_.size(); ++value) {
    seen += counts_[value];
    if (seen >= wanted && seen > 0) return static_cast<std::uint32_t>(value);
  }
  return 0;
}

std::vector<std::uint64_t> BandHistogram::bins(std::size_t bins, double end) const {
  std::vector<std::uint64_t> sums(bins);
  for (std::size_t value = 0; value < counts_.size() && static_cast<double>(value) < end; ++value) {
    sums[static_cast<std::size_t>(static_cast<double>(value) * static_cast<double>(bins) / end)] += counts_[value];
  }
  return sums;
}

}  // namespace eoshard::ingest
