#include "libingest/report/quicklook.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace eoshard::ingest {
namespace {

// Kept patches in strong colours that colour-blind readers tell apart (after Okabe and Ito), rejected ones in those of
// what hid them. All stand out from white and from black.
constexpr std::array<Category, 12> kCategories = {{
    {"train", {0x1f, 0x7a, 0xc4}, "kept: to learn from"},
    {"validation", {0xf0, 0xa0, 0x2c}, "kept: to tune with"},
    {"test", {0x14, 0xa0, 0x7c}, "kept: to score with"},
    {"cloud", {0xc3, 0xcb, 0xd6}, "cloud or cirrus"},
    {"shadow", {0x76, 0x80, 0x90}, "cloud shadow"},
    {"snow", {0x9c, 0xdc, 0xee}, "snow or ice"},
    {"no_data", {0x4b, 0x52, 0x5e}, "outside the swath"},
    {"saturated", {0xe2, 0x5b, 0x4a}, "saturated or defective pixels"},
    {"unlabelled", {0xa8, 0x74, 0x4a}, "too little land cover known"},
    {"no_label", {0xd9, 0xb9, 0x8c}, "land cover without a class"},
    {"excluded", {0xc0, 0x6a, 0xa8}, "on a list"},
    {"zero_pixels", {0x8c, 0x2f, 0x4f}, "holes in a band"},
}};

}  // namespace

std::uint8_t Stretch::operator()(std::uint16_t value) const {
  const double share = std::clamp((value - low) / std::max(high - low, 1.0), 0.0, 1.0);
  return static_cast<std::uint8_t>(std::lround(255 * std::pow(share, 1 / gamma)));
}

Picture stretch_picture(std::span<const std::span<const std::uint16_t>> planes, int width, int height,
                        const Stretch& stretch) {
  Picture picture{width, height, static_cast<int>(planes.size()), {}};
  const auto pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  picture.pixels.reserve(pixels * planes.size());
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
    for (const auto& plane : planes) picture.pixels.push_back(stretch(plane[pixel]));
  }
  return picture;
}

Category describe_category(std::string_view name) {
  const auto* const found =
      std::find_if(kCategories.begin(), kCategories.end(), [&](const Category& known) { return known.name == name; });
  return found == kCategories.end() ? Category{name, {0x9a, 0x8f, 0xb8}, "see the table"} : *found;
}

Picture draw_patch_map(std::span<const MapCell> cells) {
  Picture picture{0, 0, 4, {}};
  for (const MapCell& cell : cells) {
    picture.width = std::max(picture.width, cell.column + 1);
    picture.height = std::max(picture.height, cell.row + 1);
  }
  picture.pixels.resize(static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height) * 4);
  for (const MapCell& cell : cells) {
    const Colour colour = describe_category(cell.category).colour;
    const auto pixel = 4 * static_cast<std::size_t>(cell.row * picture.width + cell.column);
    const std::array<std::uint8_t, 4> rgba = {colour.red, colour.green, colour.blue, 255};
    std::copy(rgba.begin(), rgba.end(), picture.pixels.begin() + static_cast<std::ptrdiff_t>(pixel));
  }
  return picture;
}

}  // namespace eoshard::ingest
