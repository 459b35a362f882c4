// A published archive to a dataset: the page that calls the steps in order.
#pragma once

#include "libingest/core/log.hpp"
#include "libingest/core/progress.hpp"
#include "libingest/mpi/communicator.hpp"
#include "libingest/pipeline/pack_options.hpp"
#include "libingest/pipeline/run_summary.hpp"
#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {

struct PackResult {
  DatasetManifest manifest;
  RunSummary summary;
};

/// Makes the dataset `options.out`, or goes on with an interrupted run of the same options. Collective; on failure
/// every rank throws the same error, and what was committed stays for the next run. Returns the same on every rank.
PackResult pack_archive(const PackOptions& options, const Communicator& world, const Log& log,
                        const ProgressCallback& progress);

}  // namespace eoshard::ingest
