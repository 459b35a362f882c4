#include "libingest/decode/tile_coverage.hpp"

#include <algorithm>

namespace eoshard::ingest {

std::vector<bool> find_needed_tiles(const ImageLayout& layout, std::span<const PatchPosition> patches, int patch_px) {
  std::vector<bool> is_needed(std::size_t(layout.tile_columns()) * std::size_t(layout.tile_rows()));
  for (const PatchPosition& patch : patches) {
    const int x = patch.column * patch_px, y = patch.row * patch_px;
    for (int row = y / layout.tile_height; row <= (y + patch_px - 1) / layout.tile_height; ++row) {
      for (int column = x / layout.tile_width; column <= (x + patch_px - 1) / layout.tile_width; ++column) {
        is_needed[std::size_t(row) * std::size_t(layout.tile_columns()) + std::size_t(column)] = true;
      }
    }
  }
  return is_needed;
}

double needed_pixels(const ImageLayout& layout, const std::vector<bool>& is_needed) {
  double pixels = 0;
  for (int row = 0; row < layout.tile_rows(); ++row) {
    for (int column = 0; column < layout.tile_columns(); ++column) {
      if (!is_needed[std::size_t(row) * std::size_t(layout.tile_columns()) + std::size_t(column)]) continue;
      const int width = std::min(layout.tile_width, layout.width - column * layout.tile_width);
      const int height = std::min(layout.tile_height, layout.height - row * layout.tile_height);
      pixels += static_cast<double>(width) * height;
    }
  }
  return pixels;
}

}  // namespace eoshard::ingest
