#include "libingest/pipeline/unit_work.hpp"

#include <algorithm>
#include <numeric>

#include "libingest/core/error.hpp"
#include "libingest/decode/jp2_structure.hpp"
#include "libingest/decode/tile_coverage.hpp"
#include "libingest/pipeline/array_layout.hpp"

namespace eoshard::ingest {
namespace {

double pixels_inside(const ImageLayout& layout, int column, int row) {
  const int width = std::min(layout.tile_width, layout.width - column * layout.tile_width);
  const int height = std::min(layout.tile_height, layout.height - row * layout.tile_height);
  return static_cast<double>(width) * height;
}

// Bytes by tile of the layout. GDAL cuts an image of one tile into blocks of its own: those share the bytes evenly.
std::vector<double> bytes_of_tiles(const Jp2Coding& coding, std::size_t tiles) {
  if (coding.tile_bytes.size() == tiles) return {coding.tile_bytes.begin(), coding.tile_bytes.end()};
  const double total = std::accumulate(coding.tile_bytes.begin(), coding.tile_bytes.end(), 0.0);
  return std::vector<double>(tiles, total / static_cast<double>(tiles));
}

BandWork work_of_band(const NeededTiles& band, double patch_pixels) {
  BandWork work{band.codeblock_px, 0, 0, patch_pixels};
  for (const NeededTiles::Tile& tile : band.tiles) {
    work.tile_pixels += tile.pixels;
    work.tile_bytes += tile.bytes;
  }
  return work;
}

// Pixels of this band in all arrays of the unit.
double pixels_a_patch(const std::vector<ImageArray>& arrays, const std::vector<std::size_t>& unit,
                      const std::string& band) {
  double pixels = 0;
  for (const std::size_t array : unit) {
    const auto& bands = arrays[array].bands;
    if (std::find(bands.begin(), bands.end(), band) == bands.end()) continue;
    pixels += static_cast<double>(patch_side(arrays[array])) * patch_side(arrays[array]);
  }
  return pixels;
}

}  // namespace

NeededTiles find_needed_tiles_of(const Product& product, const BandInfo& band,
                                 const std::vector<PatchPosition>& candidates) {
  const BandReader reader(product.band_files.at(std::string(band.name)));
  const ImageLayout& layout = reader.layout();
  const Jp2Coding coding = read_jp2_coding(reader.path());
  const std::vector<bool> is_needed = find_needed_tiles(layout, candidates, kPatchSizeM / band.resolution_m);
  const std::vector<double> bytes = bytes_of_tiles(coding, is_needed.size());
  NeededTiles needed{reader.path(), layout, coding.codeblock_px, {}};
  for (std::size_t tile = 0; tile < is_needed.size(); ++tile) {
    if (!is_needed[tile]) continue;
    const int column = static_cast<int>(tile) % layout.tile_columns();
    const int row = static_cast<int>(tile) / layout.tile_columns();
    needed.tiles.push_back({column, row, pixels_inside(layout, column, row), bytes[tile]});
  }
  return needed;
}

std::vector<UnitWork> work_of_units(const ProductScan& scan, const std::vector<ImageArray>& arrays) {
  const std::vector<PatchPosition> candidates = scan.candidates();
  const auto patches = static_cast<double>(candidates.size());
  std::vector<UnitWork> units;
  for (const std::vector<std::size_t>& unit : arrays_of_units(arrays)) {
    UnitWork work;
    for (const std::string& name : bands_of_unit(arrays, unit)) {
      const auto band = std::find_if(kBands.begin(), kBands.end(), [&](const auto& info) { return info.name == name; });
      const NeededTiles needed = find_needed_tiles_of(scan.product, *band, candidates);
      work.push_back(work_of_band(needed, patches * pixels_a_patch(arrays, unit, name)));
    }
    units.push_back(std::move(work));
  }
  return units;
}

}  // namespace eoshard::ingest
