#include "libingest/decode/tile_coverage.hpp"

#include <algorithm>

namespace eoshard::ingest {

std::vector<bool> find_needed_tiles(const ImageLayout& layout, std::span<const PatchPosition> patches, int patch_px,
                                    int margin_px) {
  std::vector<bool> is_needed(std::size_t(layout.tile_columns()) * std::size_t(layout.tile_rows()));
  for (const PatchPosition& patch : patches) {
    const int left = std::max(patch.column * patch_px - margin_px, 0);
    const int right = std::min((patch.column + 1) * patch_px + margin_px, layout.width) - 1;
    const int top = std::max(patch.row * patch_px - margin_px, 0);
    const int bottom = std::min((patch.row + 1) * patch_px + margin_px, layout.height) - 1;
    for (int row = top / layout.tile_height; row <= bottom / layout.tile_height; ++row) {
      for (int column = left / layout.tile_width; column <= right / layout.tile_width; ++column) {
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
