// From options to the steps of a run: how many, of how many samples, at which rate. Pure arithmetic.
#pragma once

#include <string>

#include "libtrain/core/train_options.hpp"
#include "libtrain/data/micro_batch_plan.hpp"
#include "libtrain/optim/schedule.hpp"

namespace eoshard::train {

/// Steps of an epoch over `samples` training samples.
StepPlan plan_epoch(const TrainOptions& options, std::int64_t samples, std::int64_t epoch);

Schedule make_schedule(const TrainOptions& options, std::int64_t samples);

/// Steps of the whole run.
std::int64_t count_steps(const TrainOptions& options, const Schedule& schedule);

/// Samples that are learnt from in steps `first` … `last` - 1 of the run.
std::int64_t count_images(const TrainOptions& options, const Schedule& schedule, std::int64_t first, std::int64_t last);

/// A line a step: "step,epoch,batch_size,learning_rate", after a header.
std::string schedule_table(const TrainOptions& options, std::int64_t samples);

}  // namespace eoshard::train
