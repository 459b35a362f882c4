// Which arrays a dataset made from products has, and which of them are decoded together.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "libingest/core/types.hpp"
#include "libingest/pipeline/ingest_options.hpp"
#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {

inline constexpr const char* kSclBand = "SCL";  ///< what --bands calls the scene classification

/// The image arrays, in the order of the manifest: native grids finest first, then data_super, scl, label_map.
std::vector<ImageArray> stored_arrays(const IngestOptions& options);

/// The reflectance bands of an array, in its order. Empty for the scene classification and the label map.
std::vector<BandInfo> bands_of(const ImageArray& array);

/// Rows (= columns) of a patch in an array.
int patch_side(const ImageArray& array);

/// What one work unit decodes: positions in stored_arrays(). A native array is a unit of its own, as it shares no file
/// with another; with upsampling all bands are needed together. Arrays that the scan writes belong to no unit.
std::vector<std::vector<std::size_t>> arrays_of_units(const std::vector<ImageArray>& arrays);

/// Names of the bands that a unit decodes, each once.
std::vector<std::string> bands_of_unit(const std::vector<ImageArray>& arrays, const std::vector<std::size_t>& unit);

/// Whether an array's values come from the scan (scene classification, label map) instead of a work unit.
bool is_written_by_scan(const ImageArray& array);

/// The arrays that the statistics of a band are taken from: the native ones, or data_super where there are none.
bool gives_statistics(const ImageArray& array, const std::vector<ImageArray>& arrays);

}  // namespace eoshard::ingest
