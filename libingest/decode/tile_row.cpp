#include "libingest/decode/tile_row.hpp"

#include <algorithm>

namespace eoshard::ingest {
namespace {

// The part of the box that lies in one tile.
void copy_from_tile(const TileRow& row, int tile_column, const PixelBox& box, std::span<std::uint16_t> out) {
  const ImageLayout& layout = row.layout;
  const std::uint16_t* tile = row.tiles[static_cast<std::size_t>(tile_column)].get();
  const int tile_x = tile_column * layout.tile_width;
  const int left = std::max(box.x, tile_x);
  const int right = std::min(box.x + box.width, tile_x + layout.tile_width);
  const int top = std::max(box.y, row.first_line());
  const int bottom = std::min(box.y + box.height, row.end_line());
  for (int line = top; line < bottom; ++line) {
    const std::uint16_t* from = tile + (line - row.first_line()) * layout.tile_width + (left - tile_x);
    std::copy(from, from + (right - left), out.data() + (line - box.y) * box.width + (left - box.x));
  }
}

}  // namespace

void decode_tile(const BandReader& band, TileRow& row, int column) {
  const auto pixels =
      static_cast<std::size_t>(row.layout.tile_width) * static_cast<std::size_t>(row.layout.tile_height);
  auto tile = std::make_unique_for_overwrite<std::uint16_t[]>(pixels);
  band.read_tile(column, row.row, std::as_writable_bytes(std::span(tile.get(), pixels)));
  row.tiles[static_cast<std::size_t>(column)] = std::move(tile);
}

void cut_box(std::span<const std::shared_ptr<TileRow>> rows, const PixelBox& box, std::span<std::uint16_t> out) {
  for (const auto& row : rows) {
    const int first = box.x / row->layout.tile_width;
    const int last = (box.x + box.width - 1) / row->layout.tile_width;
    for (int tile_column = first; tile_column <= last; ++tile_column) copy_from_tile(*row, tile_column, box, out);
  }
}

}  // namespace eoshard::ingest
