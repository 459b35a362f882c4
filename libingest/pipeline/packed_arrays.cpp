#include "libingest/pipeline/packed_arrays.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "libingest/core/error.hpp"
#include "libingest/pipeline/array_layout.hpp"

namespace eoshard::ingest {
namespace {

std::size_t cube_position(const std::string& band) {
  const auto found =
      std::find_if(kBands.begin(), kBands.end(), [&](const BandInfo& info) { return info.name == band; });
  return static_cast<std::size_t>(found - kBands.begin());
}

bool is_reflectance(const ArchiveArray& array) { return array.content == ArchiveArray::Content::reflectance; }

bool is_chosen(const PackOptions& options, const std::string& band) {
  return options.bands.empty() || std::find(options.bands.begin(), options.bands.end(), band) != options.bands.end();
}

void check_bands(const ArchiveLayout& layout, const PackOptions& options) {
  std::vector<std::string> known;
  for (const ArchiveArray& array : layout.arrays) {
    if (is_reflectance(array)) known.insert(known.end(), array.bands.begin(), array.bands.end());
  }
  for (const std::string& band : options.bands) {
    if (std::find(known.begin(), known.end(), band) != known.end()) continue;
    throw Error(ErrorKind::usage,
                fmt::format("--bands: the archive has no band '{}'; it has {}", band, fmt::join(known, ", ")));
  }
}

void take_bands(PackedArray& packed, const ArchiveLayout& layout, std::size_t array, const PackOptions& options) {
  const std::vector<std::string>& bands = layout.arrays[array].bands;
  for (std::size_t plane = 0; plane < bands.size(); ++plane) {
    if (!is_chosen(options, bands[plane])) continue;
    packed.image.bands.push_back(bands[plane]);
    packed.planes.push_back({array, plane});
  }
}

PackedArray native_array(const ArchiveLayout& layout, std::size_t array, const PackOptions& options) {
  const ArchiveArray& source = layout.arrays[array];
  PackedArray packed{{source.name, source.resolution_m, {}, {}}, {}};
  take_bands(packed, layout, array, options);
  packed.image.dtype = source.bytes_a_value == 1 ? "uint8" : "uint16";
  packed.image.sample_shape = {static_cast<std::int64_t>(packed.image.bands.size()), source.side_px, source.side_px};
  return packed;
}

PackedArray label_map_array(const ArchiveLayout& layout, std::size_t array) {
  const ArchiveArray& source = layout.arrays[array];
  return {{source.name,
           source.resolution_m,
           source.bands,
           {source.side_px, source.side_px},
           "uint16",
           ArrayRole::label_map},
          {{array, 0}}};
}

// The bands of all grids in the order of the cube, on the finest grid.
PackedArray upsampled_array(const ArchiveLayout& layout, const PackOptions& options) {
  PackedArray all{{"data_super", 0, {}, {}, "uint16", ArrayRole::upsampled}, {}};
  std::int64_t finest = 0;
  for (std::size_t array = 0; array < layout.arrays.size(); ++array) {
    const ArchiveArray& source = layout.arrays[array];
    if (!is_reflectance(source)) continue;
    take_bands(all, layout, array, options);
    if (source.side_px <= finest) continue;
    finest = source.side_px;
    all.image.resolution_m = source.resolution_m;
  }
  for (const ArchivePlane& plane : all.planes) {
    const ArchiveArray& source = layout.arrays[plane.array];
    if (source.bytes_a_value != 2 || finest % source.side_px != 0)
      throw Error(ErrorKind::usage, "--upsample: the archive has no bands on grids that fit into one another");
  }
  PackedArray sorted = all;
  std::vector<std::size_t> order(all.planes.size());
  for (std::size_t band = 0; band < order.size(); ++band) order[band] = band;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return cube_position(all.image.bands[a]) < cube_position(all.image.bands[b]);
  });
  for (std::size_t band = 0; band < order.size(); ++band) {
    sorted.image.bands[band] = all.image.bands[order[band]];
    sorted.planes[band] = all.planes[order[band]];
  }
  sorted.image.sample_shape = {static_cast<std::int64_t>(order.size()), finest, finest};
  return sorted;
}

}  // namespace

std::vector<PackedArray> packed_arrays(const ArchiveLayout& layout, const PackOptions& options) {
  check_bands(layout, options);
  if (options.no_native && options.upsample.empty())
    throw Error(ErrorKind::usage, "--no-native leaves no band; add --upsample");
  std::vector<PackedArray> arrays;
  for (std::size_t array = 0; array < layout.arrays.size(); ++array) {
    if (options.no_native || !is_reflectance(layout.arrays[array])) continue;
    PackedArray native = native_array(layout, array, options);
    if (!native.planes.empty()) arrays.push_back(std::move(native));
  }
  if (!options.upsample.empty()) arrays.push_back(upsampled_array(layout, options));
  for (std::size_t array = 0; array < layout.arrays.size(); ++array) {
    if (!is_reflectance(layout.arrays[array])) arrays.push_back(label_map_array(layout, array));
  }
  return arrays;
}

std::vector<StatisticsBand> statistics_bands(const std::vector<PackedArray>& arrays) {
  const std::vector<ImageArray> images = images_of(arrays);
  std::vector<StatisticsBand> bands;
  for (std::size_t array = 0; array < images.size(); ++array) {
    if (!gives_statistics(images[array], images)) continue;
    for (std::size_t band = 0; band < images[array].bands.size(); ++band)
      bands.push_back({images[array].bands[band], array, band});
  }
  std::stable_sort(bands.begin(), bands.end(), [](const StatisticsBand& a, const StatisticsBand& b) {
    return cube_position(a.name) < cube_position(b.name);
  });
  return bands;
}

std::vector<ImageArray> images_of(const std::vector<PackedArray>& arrays) {
  std::vector<ImageArray> images;
  for (const PackedArray& array : arrays) images.push_back(array.image);
  return images;
}

}  // namespace eoshard::ingest
