// A horizontal strip of one band, held as its decoded tiles, and patches cut from such strips.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "libingest/decode/band_reader.hpp"

namespace eoshard::ingest {

/// One row of an image's tiles. Tiles that hold no wanted patch stay undecoded.
struct TileRow {
  ImageLayout layout;
  int row = 0;
  std::vector<std::unique_ptr<std::uint16_t[]>> tiles;  ///< one a tile column; none: not decoded

  TileRow(const ImageLayout& image_layout, int tile_row)
      : layout(image_layout), row(tile_row), tiles(static_cast<std::size_t>(image_layout.tile_columns())) {}

  int first_line() const { return row * layout.tile_height; }
  int end_line() const { return first_line() + layout.tile_height; }
};

/// Decodes tile `column` of `row` into it.
void decode_tile(const BandReader& band, TileRow& row, int column);

/// A rectangle of pixels.
struct PixelBox {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

/// Copies `box` into `out` (C order) from the decoded strips that it crosses.
void cut_box(std::span<const std::shared_ptr<TileRow>> rows, const PixelBox& box, std::span<std::uint16_t> out);

}  // namespace eoshard::ingest
