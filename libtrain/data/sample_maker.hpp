// What the loader's threads make of a decoded sample.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace eoshard::train {

/// One of the eight symmetries of a square: flips first, then quarter turns counter-clockwise (torch::rot90's sense).
struct Orientation {
  bool flip_rows = false;     ///< upside down
  bool flip_columns = false;  ///< left to right
  int quarter_turns = 0;      ///< 0 … 3
  bool operator==(const Orientation&) const = default;
};

/// Thread-safe: the scratch memory belongs to the caller.
class SampleMaker {
 public:
  virtual ~SampleMaker() = default;

  /// Room that a sample takes.
  virtual std::size_t bytes() const = 0;

  /// `arrays[i]` holds the decoded sample of the input's array i; `out` has bytes() of them, and lies where values of
  /// its type may.
  virtual void apply(std::span<const std::span<const std::byte>> arrays, Orientation orientation,
                     std::span<std::byte> out, std::vector<float>& scratch) const = 0;
};

}  // namespace eoshard::train
