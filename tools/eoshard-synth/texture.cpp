#include "tools/eoshard-synth/texture.hpp"

#include <cmath>
#include <numbers>

#include "tools/eoshard-synth/value_noise.hpp"

namespace eoshard::synth {
namespace {

// Standard deviations of the raw patterns: a sine 1/sqrt(2), a uniform value in [-1, 1) 1/sqrt(3). The smooth field's
// is that of the uniform knots, lessened by blending: variance times E[s^2 + (1-s)^2] = 26/35 in each direction.
const double kSineDeviation = 1 / std::numbers::sqrt2;
const double kUniformDeviation = 1 / std::numbers::sqrt3;
const double kClumpsDeviation = kUniformDeviation * 26.0 / 35.0;

double rows(double across_px, double period_px) {
  return std::sin(2 * std::numbers::pi * across_px / period_px) / kSineDeviation;
}

double checks(double across, double along) {
  const auto column = static_cast<std::int64_t>(std::floor(across)), row = static_cast<std::int64_t>(std::floor(along));
  return ((column + row) & 1) == 0 ? 1 : -1;
}

double grains(const DrawKey& key, double across, double along) {
  return draw_signed(key, static_cast<std::int64_t>(std::floor(across)), static_cast<std::int64_t>(std::floor(along))) /
         kUniformDeviation;
}

}  // namespace

TextureFrame draw_frame(std::uint64_t seed, std::uint32_t region) {
  const double angle = 2 * std::numbers::pi * draw_unit({seed, Draw::texture_angle}, region, 0);
  const double shift_px = 1000 * draw_unit({seed, Draw::texture_phase}, region, 0);
  return {std::cos(angle), std::sin(angle), shift_px, seed, region};
}

double texture_at(const Texture& texture, const TextureFrame& frame, double x_px, double y_px) {
  const double across_px = x_px * frame.cosine + y_px * frame.sine + frame.shift_px;
  const double along_px = y_px * frame.cosine - x_px * frame.sine + frame.shift_px;
  const double across = across_px / texture.size_px, along = along_px / texture.size_px;
  const DrawKey grain{frame.seed, Draw::texture_grain, frame.region};
  switch (texture.kind) {
    case TextureKind::rows: return rows(across_px, texture.size_px);
    case TextureKind::checks: return checks(across, along);
    case TextureKind::grains: return grains(grain, across, along);
    case TextureKind::clumps: return plane_noise(grain, across, along) / kClumpsDeviation;
  }
  return 0;
}

}  // namespace eoshard::synth
