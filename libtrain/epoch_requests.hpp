// What a rank asks its loader for in an epoch.
#pragma once

#include <vector>

#include "libtrain/core/rank_share.hpp"
#include "libtrain/core/train_options.hpp"
#include "libtrain/data/batch_loader.hpp"
#include "libtrain/data/micro_batch_plan.hpp"

namespace eoshard::train {

/// The micro-batches `share` of each of epoch `epoch`'s steps from `first_step` on, with every sample's place in the
/// split and its orientation. `samples` are those of the split that are learnt from.
std::vector<BatchRequest> epoch_requests(const TrainOptions& options, const std::vector<std::int64_t>& samples,
                                         const StepPlan& plan, Range share, std::int64_t epoch,
                                         std::int64_t first_step);

}  // namespace eoshard::train
