// Which arrays a packed dataset has, and which planes of the archive's values each is made of.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "libingest/archive/archive_source.hpp"
#include "libingest/pipeline/pack_options.hpp"
#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {

/// One band of the archive: its array and its place along the band axis.
struct ArchivePlane {
  std::size_t array = 0;
  std::size_t plane = 0;
};

struct PackedArray {
  ImageArray image;
  std::vector<ArchivePlane> planes;  ///< one a band of `image`, in its order
};

/// Native arrays in the archive's order with the chosen bands, then data_super, then a label map.
/// @throws Error{usage} for bands that the archive lacks, and where nothing can be upsampled or nothing is left.
std::vector<PackedArray> packed_arrays(const ArchiveLayout& layout, const PackOptions& options);

/// Where the statistics of a band come from.
struct StatisticsBand {
  std::string name;
  std::size_t array = 0;  ///< among the packed arrays
  std::size_t band = 0;   ///< along its band axis
};

/// Every stored band once, Sentinel-2's in the order of the cube, others as the arrays have them.
std::vector<StatisticsBand> statistics_bands(const std::vector<PackedArray>& arrays);

/// The manifest's arrays.
std::vector<ImageArray> images_of(const std::vector<PackedArray>& arrays);

}  // namespace eoshard::ingest
