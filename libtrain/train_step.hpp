// One optimizer step: the micro-batches of this rank, the mean over all ranks, the update.
#pragma once

#include "libtrain/core/rank_share.hpp"
#include "libtrain/data/batch_loader.hpp"
#include "libtrain/dist/tree_reduction.hpp"
#include "libtrain/forward_pass.hpp"
#include "libtrain/training_state.hpp"

namespace eoshard::train {

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
  virtual StepFigures run(BatchLoader& loader, double learning_rate, bool wants_stop) = 0;
};

/// Computes eagerly, operator by operator. References are borrowed.
class EagerTrainStep final : public TrainStep {
 public:
  EagerTrainStep(TrainingState& state, const ForwardPass& pass, const SplitReader& split, Collective& collective,
                 const SgdOptions& options, std::int64_t micro_batches);

  StepFigures run(BatchLoader& loader, double learning_rate, bool wants_stop) override;

 private:
  void run_micro_batch(const Batch& batch, bool wants_stop);

  TrainingState& state_;
  const ForwardPass& pass_;
  const SplitReader& split_;
  SgdOptions options_;
  Range share_;  // of micro-batches
  TreeReduction reduction_;
};

}  // namespace eoshard::train
