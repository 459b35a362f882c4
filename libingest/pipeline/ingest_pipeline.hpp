// Raw Sentinel-2 products to a dataset: the page that calls the steps in order.
#pragma once

#include "libingest/core/log.hpp"
#include "libingest/core/progress.hpp"
#include "libingest/mpi/communicator.hpp"
#include "libingest/pipeline/ingest_options.hpp"
#include "libingest/pipeline/product_survey.hpp"
#include "libingest/pipeline/run_summary.hpp"
#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {

struct IngestResult {
  DatasetManifest manifest;
  RunSummary summary;
};

/// Makes the dataset `options.out`, or goes on with an interrupted run of the same options. Collective; on failure
/// every rank throws the same error, and what was committed stays for the next run. Returns the same on every rank.
IngestResult ingest_products(const IngestOptions& options, const Communicator& world, const Log& log,
                             const ProgressCallback& progress);

/// What such a run would find: metadata, scene classification and labels are read, no band is, and nothing is written.
/// Collective.
std::vector<ScannedProduct> rehearse_ingest(const IngestOptions& options, const Communicator& world, const Log& log,
                                            const ProgressCallback& progress);

}  // namespace eoshard::ingest
