// Stored values from digital numbers: the same scale for every processing baseline.
#pragma once

#include <cstdint>
#include <span>

namespace eoshard::ingest {

/// Exact sums over one band of one patch.
struct PixelMoments {
  std::uint64_t sum = 0;
  std::uint64_t sum_of_squares = 0;
  std::uint16_t minimum = 0xffff;
  std::uint16_t maximum = 0;
  bool has_zero = false;  ///< some pixel is DN 0: no data
};

/// The sums of pixels as they are.
PixelMoments moments_of(std::span<const std::uint16_t> pixels);
PixelMoments moments_of(std::span<const std::uint8_t> pixels);

/// In place: DN 0 (no data) stays 0; any other becomes DN + offset, kept within 1 … 65,535, so that surface reflectance
/// is stored / quantification value (ESA, Sentinel-2 processing baseline 04.00: BOA_ADD_OFFSET).
PixelMoments harmonise(std::span<std::uint16_t> pixels, int offset);

}  // namespace eoshard::ingest
