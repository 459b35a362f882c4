// The land classes of synthetic scenes: what they are called in CORINE Land Cover, how common they are, how they look.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "tools/eoshard-synth/texture.hpp"

namespace eoshard::synth {

/// Surface reflectance in kBands order.
using Spectrum = std::array<float, 12>;

struct LandClass {
  std::string_view name;   ///< CORINE's label
  std::uint8_t grid_code;  ///< 1 to 44, as in CORINE rasters
  std::uint16_t clc_code;  ///< three digits, 111 to 523
  double weight;           ///< relative share of the regions
  Spectrum spectrum;       ///< mean; two classes share each
  Texture texture;
  std::uint8_t scl;  ///< scene classification of its clear pixels: 4 vegetation or 5 bare
};

inline constexpr int kMaxClasses = 8;

/// The first `count` classes, in pairs of one spectrum. Each maps to its own class of BigEarthNet's 19.
std::span<const LandClass> land_classes(int count = kMaxClasses);

}  // namespace eoshard::synth
