// The random draws of a synthetic scene: every value is a function of (seed, purpose, place), so it is the same for any
// number of threads and for any order of computation.
#pragma once

#include <cstdint>

#include "libingest/core/counter_random.hpp"

namespace eoshard::synth {

/// What is drawn; no two purposes share random numbers.
enum class Draw : std::uint32_t {
  column_border,
  row_border,
  coarse_class,
  fine_class,
  layer,
  illumination,
  texture_angle,
  texture_phase,
  texture_grain,
  cloud,
  snow,
  sensor_noise,
};

/// One family of draws: a purpose within a scene, or within one product of it.
struct DrawKey {
  std::uint64_t seed = 0;
  Draw purpose = Draw::layer;
  std::uint32_t stream = 0;  ///< product, band or region; 0 where the scene has one
};

inline std::uint64_t draw_bits(const DrawKey& key, std::int64_t column, std::int64_t row) {
  const std::uint64_t family = std::uint64_t{key.stream} << 32 | static_cast<std::uint32_t>(key.purpose);
  const std::uint64_t place =
      static_cast<std::uint64_t>(static_cast<std::uint32_t>(column)) << 32 | static_cast<std::uint32_t>(row);
  return random_bits(key.seed, family, place);
}

/// Uniform in [0, 1).
inline double draw_unit(const DrawKey& key, std::int64_t column, std::int64_t row) {
  return static_cast<double>(draw_bits(key, column, row) >> 11) * 0x1.0p-53;
}

/// Uniform in [-1, 1), mean 0.
inline double draw_signed(const DrawKey& key, std::int64_t column, std::int64_t row) {
  return 2 * draw_unit(key, column, row) - 1;
}

}  // namespace eoshard::synth
