// A training run from options to scored weights: the page that calls the steps in order.
#pragma once

#include <functional>
#include <string>

#include "libingest/core/log.hpp"
#include "libingest/core/progress.hpp"
#include "libingest/mpi/communicator.hpp"
#include "libtrain/core/train_options.hpp"

namespace eoshard::train {

/// How a run meets an existing folder.
struct RunRules {
  bool is_overwritten = false;
  bool must_exist = false;
};

struct TrainSetting {
  const Communicator& world;
  const Log& log;
  ProgressCallback show_progress;           ///< called on every rank
  std::function<bool()> is_stop_requested;  ///< polled once a step or batch; true on any rank stops all (see train)
  RunRules rules;
  bool is_traced = false;  ///< the root writes trace.jsonl: when every step's gradients were communicated
};

struct TrainOutcome {
  bool is_finished = false;  ///< false: stopped on request, saved, to be run again
  std::string result_json;   ///< what result.json holds: one object, see docs/eoshard-train.md
};

/// Starts, goes on with or refuses the run in wanted.out (see prepare_run), trains, evaluates, saves. A stop is heeded
/// after the step that is under way, or within the evaluation, which then comes first when the run goes on: so that
/// every call gets further, not in an evaluation that it begins with. Collective.
/// @throws Error, agreed on by all ranks where all can learn of it.
TrainOutcome train(const TrainOptions& wanted, const TrainSetting& setting);

/// What --print-schedule prints (see schedule_table). Collective.
std::string describe_schedule(const TrainOptions& wanted, const Communicator& world);

}  // namespace eoshard::train
