// Steps 1 and 2 over all ranks: products are dealt out and scanned, and every rank learns what each of them holds.
#pragma once

#include <cstdint>
#include <vector>

#include "libingest/core/progress.hpp"
#include "libingest/label/patch_labeler.hpp"
#include "libingest/mpi/communicator.hpp"
#include "libingest/pipeline/ingest_options.hpp"
#include "libingest/pipeline/work_folder.hpp"
#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {

/// What all ranks know of a product after the scan.
struct ScannedProduct {
  Source source;
  double quantification_value = 0;
  std::uint64_t candidates = 0;
  std::vector<double> costs_s;  ///< one a unit of arrays_of_units()
};

/// Scans `options.sources`, or takes the scans that an interrupted run has committed in `work`. Collective. Returns all
/// products in dataset order (by name) on every rank. @throws Error{input} when two products do not go together.
std::vector<ScannedProduct> survey_products(const IngestOptions& options, const LabelSettings& labels,
                                            const WorkFolder& work, const Communicator& world,
                                            const ProgressCallback& progress);

}  // namespace eoshard::ingest
