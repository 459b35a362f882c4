// The tiles of pixel_tile.hpp as a GPU makes them, one thread after another.
#pragma once

#include <vector>

#include "libtrain/data/pixel_tile.hpp"

namespace eoshard::train {

template <class Work>
void with_every_thread(const Work& work) {
  for (int thread = 0; thread < kTileThreads; ++thread) work(thread);
}

/// What a block of threads makes.
inline void make_tile(const PixelTables& tables, const std::vector<PlacedSample>& samples, std::size_t at,
                      const PixelTile& tile, float* image) {
  std::vector<float> values(kTileValues);
  const PlacedSample& sample = samples[at];
  with_every_thread([&](int thread) { read_tile(tables, sample, tile, thread, values.data()); });
  if (sample.is_mixed) {
    const PlacedSample& partner = samples[static_cast<std::size_t>(sample.partner)];
    with_every_thread([&](int thread) { mix_tile(tables, partner, sample.share, tile, thread, values.data()); });
  }
  with_every_thread([&](int thread) { write_tile(tables, tile, thread, values.data(), image); });
}

/// Of a batch, (samples, rows, columns, bands).
inline std::vector<float> make_tiles(const PixelTables& tables, const std::vector<PlacedSample>& samples) {
  const auto image = static_cast<std::size_t>(tables.rows * tables.columns * tables.bands);
  std::vector<float> batch(samples.size() * image);
  for (std::size_t at = 0; at < samples.size(); ++at) {
    for (int row = 0; row < count_tiles(tables.rows); ++row) {
      for (int column = 0; column < count_tiles(tables.columns); ++column) {
        for (int band = 0; band < tables.bands; band += kTileBands)
          make_tile(tables, samples, at, tile_at(tables, row, column, band), batch.data() + at * image);
      }
    }
  }
  return batch;
}

}  // namespace eoshard::train
