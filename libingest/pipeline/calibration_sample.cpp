#include "libingest/pipeline/calibration_sample.hpp"

#include <algorithm>

namespace eoshard::ingest {
namespace {

std::vector<BandInfo> stored_bands(const std::vector<ImageArray>& arrays) {
  std::vector<BandInfo> stored;
  for (const BandInfo& band : kBands) {
    const bool is_stored = std::any_of(arrays.begin(), arrays.end(), [&](const ImageArray& array) {
      return std::find(array.bands.begin(), array.bands.end(), band.name) != array.bands.end();
    });
    if (is_stored) stored.push_back(band);
  }
  return stored;
}

// The middle of a share of `total`.
double middle_of_share(std::size_t share, std::size_t shares, double total) {
  return (2 * static_cast<double>(share) + 1) * total / (2 * static_cast<double>(shares));
}

}  // namespace

std::map<int, std::vector<SampleTile>> tiles_by_codeblock(std::span<const ProductScan> scans,
                                                          const std::vector<ImageArray>& arrays) {
  std::map<int, std::vector<SampleTile>> tiles;
  for (const ProductScan& scan : scans) {
    const std::vector<PatchPosition> candidates = scan.candidates();
    for (const BandInfo& band : stored_bands(arrays)) {
      const NeededTiles needed = find_needed_tiles_of(scan.product, band, candidates);
      auto& list = tiles[needed.codeblock_px];
      for (const NeededTiles::Tile& tile : needed.tiles) list.push_back({needed.path, band.resolution_m, tile});
    }
  }
  for (auto& [codeblock_px, list] : tiles) {
    std::stable_sort(list.begin(), list.end(),
                     [](const SampleTile& a, const SampleTile& b) { return a.tile.bytes < b.tile.bytes; });
  }
  return tiles;
}

std::vector<SampleTile> draw_by_bytes(const std::vector<SampleTile>& tiles, std::size_t wanted) {
  if (wanted >= tiles.size()) return tiles;
  double total = 0;
  for (const SampleTile& tile : tiles) total += tile.tile.bytes;
  std::vector<SampleTile> drawn;
  double end = 0;  // bytes up to and with this tile
  std::size_t share = 0;
  for (const SampleTile& tile : tiles) {
    end += tile.tile.bytes;
    if (share == wanted || middle_of_share(share, wanted, total) >= end) continue;
    drawn.push_back(tile);
    while (share < wanted && middle_of_share(share, wanted, total) < end) ++share;
  }
  return drawn;
}

std::vector<std::size_t> sample_evenly(std::size_t count, std::size_t wanted) {
  const std::size_t samples = std::min(count, wanted);
  std::vector<std::size_t> indices;
  for (std::size_t sample = 0; sample < samples; ++sample)
    indices.push_back(static_cast<std::size_t>(middle_of_share(sample, samples, static_cast<double>(count))));
  return indices;
}

}  // namespace eoshard::ingest
