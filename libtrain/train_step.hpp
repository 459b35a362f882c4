// One optimizer step: the micro-batches of this rank, the mean over all ranks, the update.
#pragma once

#include "libtrain/core/rank_share.hpp"
#include "libtrain/data/batch_loader.hpp"
#include "libtrain/dist/tree_reduction.hpp"
#include "libtrain/forward_pass.hpp"
#include "libtrain/training_state.hpp"

namespace eoshard::train {

/// Which step is to be taken, and how.
struct StepRequest {
  std::int64_t step = 0;  ///< counted from 0 over the whole run
  double learning_rate = 0;
  bool wants_stop = false;  ///< this rank was asked to stop
};

/// The same on every rank.
struct StepFigures {
  double loss = 0;              ///< mean over the global batch
  bool is_stop_wanted = false;  ///< some rank asked to stop
};

/// A step's body; other bodies (captured, compiled) must give the same figures.
class TrainStep {
 public:
  virtual ~TrainStep() = default;

  /// Takes this rank's share of micro-batches from `loader`. Collective.
  virtual StepFigures run(BatchLoader& loader, const StepRequest& request) = 0;
};

/// Computes eagerly, operator by operator. References are borrowed.
class EagerTrainStep final : public TrainStep {
 public:
  EagerTrainStep(TrainingState& state, const ForwardPass& pass, const SplitReader& split, Collective& collective,
                 std::int64_t micro_batches, std::uint64_t seed);

  StepFigures run(BatchLoader& loader, const StepRequest& request) override;

 private:
  void run_micro_batch(const Batch& batch, const StepRequest& request, std::int64_t micro_batch);

  TrainingState& state_;
  const ForwardPass& pass_;
  const SplitReader& split_;
  std::uint64_t seed_;
  Range share_;  // of micro-batches
  TreeReduction reduction_;
};

}  // namespace eoshard::train
