// What lies between the ground and the sensor: clouds, their shadows, snow and the part that the swath misses, on the
// 20 m grid of the scene classification.
#pragma once

#include <cstdint>
#include <vector>

namespace eoshard::synth {

/// Codes of the scene classification layer (Sentinel-2 Level-2A product definition).
enum class Scl : std::uint8_t {
  no_data = 0,
  cloud_shadow = 3,
  vegetation = 4,
  bare = 5,
  cloud_medium = 8,
  cloud_high = 9,
  thin_cirrus = 10,
  snow = 11,
};

struct SkyOptions {
  double cloud_percent = 5;   ///< medium, high and cirrus together, of all pixels
  double snow_percent = 2;    ///< before clouds hide some of it
  double nodata_percent = 1;  ///< a triangle in the upper-right corner
};

struct Sky {
  int side_px = 0;                              ///< 20 m pixels
  std::vector<std::uint8_t> scl;                ///< (side, side); Scl::vegetation stands for clear ground
  std::vector<std::uint8_t> cloud_probability;  ///< percent
  std::vector<std::uint8_t> snow_probability;

  Scl at(int column_20m, int row_20m) const { return static_cast<Scl>(scl[index(column_20m, row_20m)]); }
  std::size_t index(int column_20m, int row_20m) const {
    return static_cast<std::size_t>(row_20m) * side_px + column_20m;
  }
};

/// The sky over product number `product`; `side_px` is a multiple of 3, so that no-data follows the 60 m grid.
Sky make_sky(const SkyOptions& options, std::uint64_t seed, int product, int side_px);

}  // namespace eoshard::synth
