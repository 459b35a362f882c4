// One optimizer step: the micro-batches of this rank, the mean over all ranks, the update.
#pragma once

#include <array>
#include <memory>

#include "libtrain/batch_feed.hpp"
#include "libtrain/batch_placer.hpp"
#include "libtrain/core/rank_share.hpp"
#include "libtrain/data/micro_batch_plan.hpp"
#include "libtrain/dist/gradient_reduction.hpp"
#include "libtrain/forward_pass.hpp"
#include "libtrain/training_state.hpp"

namespace eoshard::train {

/// Which step is to be taken, and how.
struct StepRequest {
  std::int64_t step = 0;   ///< counted from 0 over the whole run
  std::int64_t epoch = 0;  ///< counted from 0
  double learning_rate = 0;
  double loss_scale = 0;          ///< on the loss before backward, off the gradients behind it; 0 = none
  bool wants_stop = false;        ///< this rank was asked to stop
  bool is_noise_measured = true;  ///< the gradient's norms, of which the noise scale is made, are wanted
};

/// The same on every rank, unless the step is a rank's own.
struct StepFigures {
  double loss = 0;              ///< mean over the global batch, or over this rank's share of it
  double small_gradient = 0;    ///< ‖g‖² of one micro-batch, mean over some of them; 0 with one alone, or unasked
  double big_gradient = 0;      ///< ‖g‖² of the mean over all micro-batches; likewise
  bool is_stop_wanted = false;  ///< some rank asked to stop
  bool has_overflow = false;    ///< gradients of a scaled loss were not finite: the weights stayed as they were
};

/// What all steps of a phase have in common.
struct StepOptions {
  StepPlan plan;
  Range share;            ///< of the step's micro-batches, that this rank computes
  bool is_local = false;  ///< its share is the whole step: gradients, statistics and figures are this rank's own
  LossOptions loss;
  double mixup_alpha = 0;
  std::uint64_t seed = 0;
  Reduction reduction = Reduction::exact;
  WireFormat wire = WireFormat::fp32;
  bool is_graphed = false;  ///< captured once and replayed, on a GPU: see make_graphed_step
};

/// A step's body; other bodies (captured, compiled) must give the same figures.
class TrainStep {
 public:
  virtual ~TrainStep() = default;

  /// Takes this rank's share of micro-batches from `feed`, whose placer is the step's. Collective, unless the step is a
  /// rank's own.
  virtual StepFigures run(BatchFeed& feed, const StepRequest& request) = 0;

  /// When the last step's buckets were communicated.
  virtual const ReductionTrace& trace() const = 0;
  /// Seconds for which its gradients kept the update waiting: communication that nothing hid.
  virtual double waited_s() const = 0;
};

/// Computes eagerly, operator by operator. References are borrowed; a rank's own steps take a solo collective.
class EagerTrainStep : public TrainStep {
 public:
  EagerTrainStep(TrainingState& state, const ForwardPass& pass, BatchPlacer& placer, Collective& collective,
                 StepOptions options);

  StepFigures run(BatchFeed& feed, const StepRequest& request) override;
  const ReductionTrace& trace() const override { return reduction_.trace(); }
  double waited_s() const override { return reduction_.waited_s(); }

 protected:
  /// The parts of the gradient buffer's tail, the last three of which are the figures: views of it.
  struct Tail {
    at::Tensor statistics, figures, loss, stop, small_gradient;
  };

  /// Adds the gradients of a batch's loss to the buffer, of the loss times `loss_scale` where that is not 0, and its
  /// loss and statistics to the tail. What is drawn comes from the device's default generator.
  virtual void compute(const DeviceBatch& batch, double loss_scale);

  /// The buffer holds the step's mean gradients and figures: spends them.
  virtual StepFigures spend(const StepRequest& request);

  /// The batch's mean loss.
  at::Tensor loss_of(const DeviceBatch& batch) const;
  /// Adds a micro-batch's loss and statistics to the tail.
  void add_to_tail(const at::Tensor& loss);
  /// `values`: the tail's figures, and the squared norm of the mean gradient.
  StepFigures figures_of(const std::array<double, 4>& values, const StepRequest& request) const;

  Tail tail() const;
  at::Tensor weight_gradients() const;
  bool has_noise(const StepRequest& request) const {
    return request.is_noise_measured && !options_.is_local && options_.plan.micro_batches() > 1;
  }
  TrainingState& state() { return state_; }

 private:
  void run_micro_batch(const Batch& batch, const StepRequest& request, std::int64_t micro_batch);
  void add_norm(const Bucket& bucket);
  void add_norm_on_gpu(const Bucket& bucket);
  bool holds_alone(std::int64_t micro_batch) const;
  std::int64_t count_alone() const;

  TrainingState& state_;
  const ForwardPass& pass_;
  BatchPlacer& placer_;
  StepOptions options_;
  GradientReduction reduction_;
  int ranks_;
  bool is_counted_ = false;  // the micro-batch under way is one whose gradient the buffer holds alone
  double squared_norm_ = 0;  // of its gradient, in the buckets that backward has finished
  at::Tensor gpu_norm_;      // the same on a GPU, so that nobody waits for it: float64
};

/// The body that options.is_graphed asks for; arguments as for EagerTrainStep.
std::unique_ptr<TrainStep> make_train_step(TrainingState& state, const ForwardPass& pass, BatchPlacer& placer,
                                           Collective& collective, const StepOptions& options);

}  // namespace eoshard::train
