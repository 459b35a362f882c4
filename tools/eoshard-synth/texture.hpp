// Textures of the land classes: patterns of mean 0 and standard deviation 1 on the ground, so that two classes may have
// the same mean spectrum and still look different.
#pragma once

#include <cstdint>

namespace eoshard::synth {

enum class TextureKind {
  rows,    ///< a sine across parallel rows; size = distance of two rows
  checks,  ///< a chessboard; size = side of a field
  grains,  ///< squares of independent brightness; size = side of a square
  clumps,  ///< a smooth random field; size = distance of its knots
};

struct Texture {
  TextureKind kind = TextureKind::rows;
  double size_px = 8;  ///< in 10 m pixels
  double contrast =
      0.25;  ///< standard deviation of the brightness relative to its mean; at most 0.42 keeps it positive
};

/// How a texture lies in one region: turned and shifted.
struct TextureFrame {
  double cosine = 1;
  double sine = 0;
  double shift_px = 0;
  std::uint64_t seed = 0;
  std::uint32_t region = 0;  ///< tells the random textures of two regions apart
};

/// The frame of a region, drawn from the seed.
TextureFrame draw_frame(std::uint64_t seed, std::uint32_t region);

/// Pattern at a 10 m pixel of the scene.
double texture_at(const Texture& texture, const TextureFrame& frame, double x_px, double y_px);

}  // namespace eoshard::synth
