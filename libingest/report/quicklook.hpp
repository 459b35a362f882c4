// Samples and maps as pixels that an image encoder takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "libingest/report/patch_census.hpp"

namespace eoshard::ingest {

/// Interleaved 8-bit pixels: grey (1), RGB (3) or RGBA (4).
struct Picture {
  int width = 0;
  int height = 0;
  int channels = 3;
  std::vector<std::uint8_t> pixels;  ///< height × width × channels
};

/// From stored values to brightness: (value - low) / (high - low), cut to 0 … 1, to the power 1 / gamma.
struct Stretch {
  double low = 0;
  double high = 1;
  double gamma = 1.6;

  std::uint8_t operator()(std::uint16_t value) const;
};

/// `planes` are the picture's channels, width × height values each.
Picture stretch_picture(std::span<const std::span<const std::uint16_t>> planes, int width, int height,
                        const Stretch& stretch);

struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
};
/// What a patch became (a split or a reject reason), in colour and words.
struct Category {
  std::string_view name;
  Colour colour;
  std::string_view meaning;
};
/// Splits and reasons that are not known get a grey.
Category describe_category(std::string_view name);

/// One pixel a patch; transparent where none was seen.
Picture draw_patch_map(std::span<const MapCell> cells);

}  // namespace eoshard::ingest
