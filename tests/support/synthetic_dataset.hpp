// Small datasets in the layout of the project's own, with classes that a network can learn: for tests of what reads
// datasets, without products and without ingest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {

struct SyntheticDataset {
  std::int64_t train = 48, validation = 16, test = 16;  ///< samples
  std::size_t classes = 4;
  std::string task = "multi-label";
  std::uint64_t seed = 1;
  /// Arrays and their grids; resolution_m and dtype are kept, bands and shapes too. Default: Sentinel-2's three grids.
  std::vector<ImageArray> arrays;
};

/// Sentinel-2's twelve bands on grids of `side`, side / 2 and side / 6 pixels (120 in real patches).
std::vector<ImageArray> sentinel_arrays(std::int64_t side);

/// Writes the dataset below `folder`, dataset.json last. Class c brightens every band whose number is c modulo the
/// number of classes, on top of noise.
void write_synthetic_dataset(const std::filesystem::path& folder, const SyntheticDataset& wanted);

/// Stored value of a sample: what write_synthetic_dataset put at (band, row, column) of an array.
std::vector<std::uint16_t> synthetic_values(const SyntheticDataset& wanted, std::size_t split, std::int64_t sample,
                                            std::size_t array);

}  // namespace eoshard::ingest
