// A tile of one sample's output pixels, which a block of a GPU's threads makes: first its values are read, side by side
// as they are stored, then written, side by side as they lie in the network's input. The same code on the CPU, where
// tests call it thread after thread.
#pragma once

#include "libtrain/data/pixel_type.hpp"
#include "libtrain/data/pixel_value.hpp"

namespace eoshard::train {

inline constexpr int kTilePixels =
    16;  ///< rows and columns: a line of them reads 32 bytes of a band, a sector of memory
inline constexpr int kTileThreads = kTilePixels * kTilePixels, kTileWarp = 32;
inline constexpr int kTileBands = 16;                          ///< at a time
inline constexpr int kTileValues = kTileThreads * kTileBands;  ///< memory that the threads share

EOSHARD_HOST_DEVICE constexpr int count_tiles(int pixels) { return (pixels + kTilePixels - 1) / kTilePixels; }

/// Pixels of the output, and some of their bands; `rows` and `columns` end with the image.
struct PixelTile {
  int first_row = 0, first_column = 0, first_band = 0;
  int rows = 0, columns = 0, bands = 0;
};

EOSHARD_HOST_DEVICE inline int at_most(int limit, int value) { return value < limit ? value : limit; }

EOSHARD_HOST_DEVICE inline PixelTile tile_at(const PixelTables& tables, int tile_row, int tile_column, int first_band) {
  const int row = tile_row * kTilePixels, column = tile_column * kTilePixels;
  return {row,
          column,
          first_band,
          at_most(kTilePixels, tables.rows - row),
          at_most(kTilePixels, tables.columns - column),
          at_most(kTileBands, tables.bands - first_band)};
}

/// A thread a pixel; neighbours go along stored lines, which are columns of the output after a quarter turn. `put` gets
/// each value of a sample, and its place in `values` (kTilePixels, kTilePixels, bands).
template <class Put>
EOSHARD_HOST_DEVICE void visit_tile(const PixelTables& tables, const PlacedSample& sample, const PixelTile& tile,
                                    int thread, float* values, Put put) {
  const int along = thread % kTilePixels, across = thread / kTilePixels;
  const bool is_turned = sample.column.by_column == 0;
  const int row = is_turned ? along : across, column = is_turned ? across : along;
  if (row >= tile.rows || column >= tile.columns) return;
  float* to = values + (row * kTilePixels + column) * tile.bands;
  for (int band = 0; band < tile.bands; ++band) {
    put(oriented_value(tables, sample, tile.first_band + band, tile.first_row + row, tile.first_column + column),
        to[band]);
  }
}

EOSHARD_HOST_DEVICE inline void read_tile(const PixelTables& tables, const PlacedSample& sample, const PixelTile& tile,
                                          int thread, float* values) {
  visit_tile(tables, sample, tile, thread, values, [](float value, float& to) { to = value; });
}

/// When all threads have read the sample that is mixed.
EOSHARD_HOST_DEVICE inline void mix_tile(const PixelTables& tables, const PlacedSample& partner, float share,
                                         const PixelTile& tile, int thread, float* values) {
  visit_tile(tables, partner, tile, thread, values,
             [share](float value, float& to) { to = mixed_value(to, value, share); });
}

/// When all threads have read: a warp a line. `image` is the sample's place in the batch, (rows, columns, bands).
template <class Value>
EOSHARD_HOST_DEVICE void write_tile(const PixelTables& tables, const PixelTile& tile, int thread, const float* values,
                                    Value* image) {
  for (int row = thread / kTileWarp; row < tile.rows; row += kTileThreads / kTileWarp) {
    const float* from = values + row * kTilePixels * tile.bands;
    const std::int64_t pixel = static_cast<std::int64_t>(tile.first_row + row) * tables.columns + tile.first_column;
    Value* to = image + pixel * tables.bands + tile.first_band;
    for (int at = thread % kTileWarp; at < tile.columns * tile.bands; at += kTileWarp) {
      const int column = at / tile.bands;
      store(from[at], to[column * tables.bands + (at - column * tile.bands)]);
    }
  }
}

}  // namespace eoshard::train
