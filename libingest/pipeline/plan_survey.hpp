// Steps 1 and 2 alone: what a run of eoshard-ingest would find in its products, and what that costs a core.
#pragma once

#include <string>
#include <vector>

#include "libingest/core/log.hpp"
#include "libingest/core/progress.hpp"
#include "libingest/mpi/communicator.hpp"
#include "libingest/pipeline/ingest_options.hpp"
#include "libingest/pipeline/product_survey.hpp"
#include "libingest/pipeline/rate_calibration.hpp"

namespace eoshard::ingest {

struct PlanSurvey {
  std::string configuration_json;        ///< of the run that this survey is for
  std::vector<ScannedProduct> products;  ///< in dataset order
  WorkRates rates;
};

/// Scans the products as a run would and, unless `calibration.tiles` is 0, measures rates on those that rank 0 scanned.
/// Collective; the same on every rank. Nothing is left on disk.
PlanSurvey survey_for_plan(const IngestOptions& given, const CalibrationSettings& calibration,
                           const Communicator& world, const Log& log, const ProgressCallback& progress);

}  // namespace eoshard::ingest
