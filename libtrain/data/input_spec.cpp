#include "libtrain/data/input_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "libingest/core/types.hpp"

namespace eoshard::train {
namespace {

using ingest::ArrayRole;
using ingest::DatasetManifest;
using ingest::ImageArray;

ArrayRole role_of(const InputRules& rules) {
  return rules.input == "super" ? ArrayRole::upsampled : ArrayRole::reflectance;
}

void check_has_role(const DatasetManifest& manifest, ArrayRole role) {
  if (std::ranges::count(manifest.arrays, role, &ImageArray::role) > 0) return;
  throw Error(ErrorKind::input, role == ArrayRole::upsampled
                                    ? "--input super: the dataset has no upsampled bands (data_super); make it with "
                                      "--upsample, or train with --input native"
                                    : "the dataset holds no bands on their native grids; train with --input super");
}

std::vector<std::string> stored_bands(const DatasetManifest& manifest, ArrayRole role) {
  std::vector<std::string> names;
  for (const ImageArray& array : manifest.arrays) {
    if (array.role != role) continue;
    for (const std::string& band : array.bands) {
      if (std::find(names.begin(), names.end(), band) == names.end()) names.push_back(band);
    }
  }
  return names;
}

std::size_t cube_position(const std::string& band) {
  const auto found =
      std::find_if(kBands.begin(), kBands.end(), [&](const BandInfo& info) { return info.name == band; });
  return static_cast<std::size_t>(found - kBands.begin());
}

std::vector<std::string> in_cube_order(std::vector<std::string> bands) {
  std::stable_sort(bands.begin(), bands.end(),
                   [](const auto& one, const auto& other) { return cube_position(one) < cube_position(other); });
  return bands;
}

const ingest::BandStatistics& training_statistics(const DatasetManifest& manifest, const std::string& band) {
  for (const ingest::BandStatistics& statistics : manifest.split("train").statistics) {
    if (statistics.band == band && statistics.pixels > 0) return statistics;
  }
  throw Error(ErrorKind::input, fmt::format("the training split has no statistics of band '{}'", band));
}

std::optional<InputBand> find_band(const DatasetManifest& manifest, const std::string& name, ArrayRole role) {
  for (std::size_t array = 0; array < manifest.arrays.size(); ++array) {
    if (manifest.arrays[array].role != role) continue;
    const std::vector<std::string>& bands = manifest.arrays[array].bands;
    const auto found = std::find(bands.begin(), bands.end(), name);
    if (found != bands.end()) return InputBand{name, array, found - bands.begin()};
  }
  return std::nullopt;
}

InputBand describe_band(const DatasetManifest& manifest, const std::string& name, ArrayRole role) {
  std::optional<InputBand> band = find_band(manifest, name, role);
  if (!band) {
    throw Error(ErrorKind::input, fmt::format("the dataset has no band '{}'; it has {}", name,
                                              fmt::join(in_cube_order(stored_bands(manifest, role)), ", ")));
  }
  const ingest::BandStatistics& statistics = training_statistics(manifest, name);
  band->mean = statistics.mean;
  if (statistics.standard_deviation > 0) band->standard_deviation = statistics.standard_deviation;
  return *band;
}

// Keeps the arrays that a band is taken from, and renumbers the bands' arrays.
void drop_unused_arrays(InputSpec& spec, const DatasetManifest& manifest) {
  for (std::size_t array = 0; array < manifest.arrays.size(); ++array) {
    bool is_used = false;
    for (InputBand& band : spec.bands) {
      if (band.array != array) continue;
      band.array = spec.arrays.size();
      is_used = true;
    }
    if (is_used) spec.arrays.push_back(manifest.arrays[array]);
  }
}

}  // namespace

InputSpec make_input_spec(const DatasetManifest& manifest, const std::vector<std::string>& wanted,
                          const InputRules& rules) {
  const ArrayRole role = role_of(rules);
  check_has_role(manifest, role);
  InputSpec spec;
  spec.upsample = ingest::parse_upsample_method(rules.upsample);
  for (const std::string& name : wanted.empty() ? in_cube_order(stored_bands(manifest, role)) : wanted) {
    spec.bands.push_back(describe_band(manifest, name, role));
  }
  drop_unused_arrays(spec, manifest);
  for (const ImageArray& array : spec.arrays) {
    spec.rows = std::max(spec.rows, array.sample_shape.at(1));
    spec.columns = std::max(spec.columns, array.sample_shape.at(2));
  }
  return spec;
}

std::vector<std::string> band_names(const InputSpec& spec) {
  std::vector<std::string> names;
  for (const InputBand& band : spec.bands) names.push_back(band.name);
  return names;
}

}  // namespace eoshard::train
