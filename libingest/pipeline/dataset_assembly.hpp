// Step 4: the survivors of all products get their index, and the parts' chunks become shards, tables and statistics.
//
// A sample's index is its rank among its split's survivors in the order (product, row, column), so it depends on the
// data alone. Every rank tallies some products, learns all counts, and writes some shards.
#pragma once

#include <string>
#include <vector>

#include "libingest/core/progress.hpp"
#include "libingest/mpi/communicator.hpp"
#include "libingest/pipeline/base_dataset.hpp"
#include "libingest/pipeline/ingest_options.hpp"
#include "libingest/pipeline/work_folder.hpp"
#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {

struct AssembledDataset {
  std::vector<Split> splits;
  std::map<std::string, std::uint64_t> rejected;  ///< every reason, also those that never occurred
  std::vector<Source> sources;
};

/// What becomes of a draft that holds a shard's very samples.
enum class Drafts {
  adopted,  ///< it becomes the shard
  copied,   ///< its chunks are checked and copied: it was written before an interruption, and may not be whole
};

/// Assembles the products of `sources` (in dataset order; all scanned and extracted), whose kept and rejected counts
/// are filled in; behind the samples of `base` unless it is nullptr. Collective. Returns on every rank what the
/// manifest says of splits, rejected patches and sources.
AssembledDataset assemble_dataset(std::vector<Source> sources, const WorkFolder& work, const IngestOptions& options,
                                  const std::vector<std::string>& classes, BaseDataset* base, Drafts drafts,
                                  const Communicator& world, const ProgressCallback& progress);

}  // namespace eoshard::ingest
