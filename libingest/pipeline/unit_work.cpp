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

BandWork work_of_tiles(const NeededTiles& band) {
  BandWork work{band.codeblock_px};
  work.files = 1;
  for (const NeededTiles::Tile& tile : band.tiles) {
    work.tile_pixels += tile.pixels;
    work.tile_bytes += tile.bytes;
  }
  return work;
}

// Adds the pixels of this band of `patches` in all arrays of the unit.
void add_patches(const std::vector<ImageArray>& arrays, const std::vector<std::size_t>& unit, const std::string& band,
                 std::size_t patches, BandWork& work) {
  for (const std::size_t index : unit) {
    const ImageArray& array = arrays[index];
    if (std::find(array.bands.begin(), array.bands.end(), band) == array.bands.end()) continue;
    const double pixels = static_cast<double>(patches) * patch_side(array) * patch_side(array);
    (array.role == ArrayRole::upsampled ? work.upsampled_pixels : work.patch_pixels) += pixels;
  }
}

bool is_upsampled(const std::vector<ImageArray>& arrays, const std::vector<std::size_t>& unit) {
  return std::any_of(unit.begin(), unit.end(),
                     [&](std::size_t array) { return arrays[array].role == ArrayRole::upsampled; });
}

}  // namespace

NeededTiles find_needed_tiles_of(const Product& product, const BandInfo& band,
                                 const std::vector<PatchPosition>& candidates, int halo_px) {
  const BandReader reader(product.band_files.at(std::string(band.name)));
  const ImageLayout& layout = reader.layout();
  const Jp2Coding coding = read_jp2_coding(reader.path());
  const std::vector<bool> is_needed = find_needed_tiles(layout, candidates, kPatchSizeM / band.resolution_m, halo_px);
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

std::vector<UnitWork> work_of_units(const ProductScan& scan, const std::vector<ImageArray>& arrays,
                                    UpsampleMethod upsample) {
  const std::vector<PatchPosition> candidates = scan.candidates();
  std::vector<UnitWork> units;
  for (const std::vector<std::size_t>& unit : arrays_of_units(arrays)) {
    UnitWork work;
    for (const std::string& name : bands_of_unit(arrays, unit)) {
      const auto band = std::find_if(kBands.begin(), kBands.end(), [&](const auto& info) { return info.name == name; });
      const int halo_px =
          is_upsampled(arrays, unit) ? Upsampler(upsample, band->resolution_m / kFinestResolutionM).halo() : 0;
      work.push_back(work_of_tiles(find_needed_tiles_of(scan.product, *band, candidates, halo_px)));
      add_patches(arrays, unit, name, candidates.size(), work.back());
    }
    units.push_back(std::move(work));
  }
  return units;
}

}  // namespace eoshard::ingest
