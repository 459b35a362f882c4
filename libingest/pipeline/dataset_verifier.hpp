// Reads every chunk of a dataset and says which samples are damaged.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "libingest/core/progress.hpp"
#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {

struct Damage {
  std::string split;
  std::string format;      ///< "zarr" or "hdf5"; "" for a table
  std::string array;       ///< "data_10m", "classes", …, or "samples.csv"
  std::int64_t index = 0;  ///< sample; -1 when the whole array or table is meant
  std::string patch_id;    ///< "" when it cannot be read
  std::string reason;
};

struct Verification {
  std::uint64_t chunks = 0;     ///< chunks that were read
  std::vector<Damage> damages;  ///< in the order of splits, arrays and indices
};

/// Decodes all chunks of all arrays of `manifest`'s splits on `threads` threads, in each of its formats; compares the
/// lengths of arrays and tables with it, the patch ids of the arrays with those of samples.csv, which names the
/// samples, and the values in HDF5 with those in Zarr where both are stored.
Verification verify_dataset(const std::filesystem::path& dataset, const DatasetManifest& manifest, int threads,
                            const ProgressCallback& progress);

}  // namespace eoshard::ingest
