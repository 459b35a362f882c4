// Raw Sentinel-2 products to a dataset: the page that calls the steps in order.
#pragma once

#include "libingest/core/log.hpp"
#include "libingest/core/progress.hpp"
#include "libingest/mpi/communicator.hpp"
#include "libingest/pipeline/ingest_options.hpp"
#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {

/// Makes the dataset `options.out`, or goes on with an interrupted run of the same options. Collective; on failure
/// every rank throws the same error, and what was committed stays for the next run. Returns the manifest on every rank.
DatasetManifest ingest_products(const IngestOptions& options, const Communicator& world, const Log& log,
                                const ProgressCallback& progress);

}  // namespace eoshard::ingest
