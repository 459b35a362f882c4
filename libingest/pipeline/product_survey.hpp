// Steps 1 and 2 over all ranks: products are dealt out and scanned, and every rank learns what each of them holds.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "libingest/assign/decoding_cost.hpp"
#include "libingest/core/log.hpp"
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
  std::vector<UnitWork> units;  ///< one a unit of arrays_of_units()
  std::array<std::uint64_t, kSplitNames.size()> split_candidates{};
};

/// The products that `arguments` name (expand_sources), looked up by the root alone. Collective.
std::vector<std::string> find_sources(const std::vector<std::string>& arguments, const Communicator& world);

/// Scans the granules of `options.sources`, or takes the scans that an interrupted run has committed in `work`. Of a
/// scene that is there in several processings the newest is taken, and the log says so. Collective. Returns all
/// products in dataset order (by name and id stem) on every rank.
/// @throws Error{input} when two products do not go together.
std::vector<ScannedProduct> survey_products(const IngestOptions& options, const LabelSettings& labels,
                                            const WorkFolder& work, const Communicator& world, const Log& log,
                                            const ProgressCallback& progress);

/// The same without a file written, and without costs, for which bands' headers would have to be read.
std::vector<ScannedProduct> rehearse_survey(const IngestOptions& options, const LabelSettings& labels,
                                            const Communicator& world, const Log& log,
                                            const ProgressCallback& progress);

}  // namespace eoshard::ingest
