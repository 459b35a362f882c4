#include "libingest/pipeline/array_layout.hpp"

#include <algorithm>

namespace eoshard::ingest {
namespace {

ImageArray native_array(const ResolutionGroup& group) {
  ImageArray array{group.array_name, group.resolution_m, {}, {}};
  for (const BandInfo& band : group.bands) array.bands.emplace_back(band.name);
  array.sample_shape = {static_cast<std::int64_t>(group.bands.size()), group.patch_px, group.patch_px};
  return array;
}

// The chosen bands in the order of the cube, all on the 10 m grid.
ImageArray upsampled_array(const std::vector<std::string>& bands) {
  constexpr std::int64_t kSide = kPatchSizeM / kFinestResolutionM;
  ImageArray array{"data_super", kFinestResolutionM, {}, {}, "uint16", ArrayRole::upsampled};
  for (const BandInfo& band : kBands) {
    if (std::find(bands.begin(), bands.end(), band.name) != bands.end()) array.bands.emplace_back(band.name);
  }
  array.sample_shape = {static_cast<std::int64_t>(array.bands.size()), kSide, kSide};
  return array;
}

ImageArray single_band_array(const char* name, const char* band, int resolution_m, const char* dtype, ArrayRole role) {
  const std::int64_t side = kPatchSizeM / resolution_m;
  return {name, resolution_m, {band}, {side, side}, dtype, role};
}

}  // namespace

std::vector<ImageArray> stored_arrays(const IngestOptions& options) {
  std::vector<ImageArray> arrays;
  if (!options.no_native) {
    for (const ResolutionGroup& group : resolution_groups(options.bands)) arrays.push_back(native_array(group));
  }
  if (!options.upsample.empty()) arrays.push_back(upsampled_array(options.bands));
  if (std::find(options.bands.begin(), options.bands.end(), kSclBand) != options.bands.end()) {
    arrays.push_back(single_band_array("scl", kSclBand, kSclResolutionM, "uint8", ArrayRole::scene_classification));
  }
  if (options.label_map) {
    arrays.push_back(single_band_array("label_map", "CLC", kFinestResolutionM, "uint16", ArrayRole::label_map));
  }
  return arrays;
}

std::vector<BandInfo> bands_of(const ImageArray& array) {
  std::vector<BandInfo> bands;
  for (const BandInfo& band : kBands) {
    if (std::find(array.bands.begin(), array.bands.end(), band.name) != array.bands.end()) bands.push_back(band);
  }
  return bands;
}

int patch_side(const ImageArray& array) { return static_cast<int>(array.sample_shape.back()); }

std::vector<std::vector<std::size_t>> arrays_of_units(const std::vector<ImageArray>& arrays) {
  std::vector<std::vector<std::size_t>> units;
  const bool is_upsampled = std::any_of(arrays.begin(), arrays.end(),
                                        [](const ImageArray& array) { return array.role == ArrayRole::upsampled; });
  for (std::size_t array = 0; array < arrays.size(); ++array) {
    if (is_written_by_scan(arrays[array])) continue;
    if (units.empty() || !is_upsampled) units.emplace_back();
    units.back().push_back(array);
  }
  return units;
}

std::vector<std::string> bands_of_unit(const std::vector<ImageArray>& arrays, const std::vector<std::size_t>& unit) {
  std::vector<std::string> names;
  for (const std::size_t array : unit) {
    for (const std::string& band : arrays[array].bands) {
      if (std::find(names.begin(), names.end(), band) == names.end()) names.push_back(band);
    }
  }
  return names;
}

bool is_written_by_scan(const ImageArray& array) { return !array.holds_reflectance(); }

bool gives_statistics(const ImageArray& array, const std::vector<ImageArray>& arrays) {
  const bool has_native = std::any_of(arrays.begin(), arrays.end(),
                                      [](const ImageArray& other) { return other.role == ArrayRole::reflectance; });
  return array.role == (has_native ? ArrayRole::reflectance : ArrayRole::upsampled);
}

}  // namespace eoshard::ingest
