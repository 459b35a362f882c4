#include "libtrain/train_step.hpp"

#include <ATen/ATen.h>

namespace eoshard::train {
namespace {

// The parts of the gradient buffer's tail.
struct Tail {
  at::Tensor statistics, loss, stop;
};

Tail split_tail(const GradientBuffer& buffer) {
  const at::Tensor tail = buffer.gradient_tail();
  const std::int64_t statistics = buffer.statistics().numel();
  return {tail.narrow(0, 0, statistics), tail.select(0, statistics), tail.select(0, statistics + 1)};
}

}  // namespace

EagerTrainStep::EagerTrainStep(TrainingState& state, const ForwardPass& pass, const SplitReader& split,
                               Collective& collective, const SgdOptions& options, std::int64_t micro_batches)
    : state_(state),
      pass_(pass),
      split_(split),
      options_(options),
      share_(rank_share(micro_batches, collective.rank(), collective.size())),
      reduction_(state.buffer(), collective, micro_batches) {}

StepFigures EagerTrainStep::run(BatchLoader& loader, double learning_rate, bool wants_stop) {
  for (std::int64_t micro_batch = share_.first; micro_batch < share_.last; ++micro_batch) {
    reduction_.begin(micro_batch);
    run_micro_batch(loader.next(), wants_stop);
    reduction_.end(micro_batch);
  }
  reduction_.finish();
  const Tail tail = split_tail(state_.buffer());
  state_.update_running_statistics(tail.statistics);
  sgd_step(state_.slots(), options_, learning_rate);
  return {tail.loss.item<double>(), tail.stop.item<double>() > 0};
}

// Adds the micro-batch's gradients, batch statistics and loss to the buffer.
void EagerTrainStep::run_micro_batch(const Batch& batch, bool wants_stop) {
  const DeviceBatch placed = place_batch(pass_, batch, split_);
  const at::Tensor loss = mean_loss(pass_.task, run_forward(pass_, placed), placed.targets);
  loss.backward();
  const at::NoGradGuard no_gradients;
  const Tail tail = split_tail(state_.buffer());
  tail.statistics.add_(state_.buffer().statistics());
  tail.loss.add_(loss.detach());
  if (wants_stop) tail.stop.add_(1);
}

}  // namespace eoshard::train
