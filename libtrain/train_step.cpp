#include "libtrain/train_step.hpp"

#include <ATen/ATen.h>

#include "libtrain/data/random_draws.hpp"

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
                               Collective& collective, std::int64_t micro_batches, std::uint64_t seed)
    : state_(state),
      pass_(pass),
      split_(split),
      seed_(seed),
      share_(rank_share(micro_batches, collective.rank(), collective.size())),
      reduction_(state.buffer(), collective, micro_batches) {}

StepFigures EagerTrainStep::run(BatchLoader& loader, const StepRequest& request) {
  for (std::int64_t micro_batch = share_.first; micro_batch < share_.last; ++micro_batch) {
    reduction_.begin(micro_batch);
    run_micro_batch(loader.next(), request, micro_batch);
    reduction_.end(micro_batch);
  }
  reduction_.finish();
  const Tail tail = split_tail(state_.buffer());
  state_.update_running_statistics(tail.statistics);
  state_.update(request.learning_rate, request.step);
  return {tail.loss.item<double>(), tail.stop.item<double>() > 0};
}

// Adds the micro-batch's gradients, batch statistics and loss to the buffer.
void EagerTrainStep::run_micro_batch(const Batch& batch, const StepRequest& request, std::int64_t micro_batch) {
  const DeviceBatch placed = place_batch(pass_, batch, split_);
  // Dropout and its like draw from the generator: the same for whoever computes this micro-batch.
  at::manual_seed(draw_bits(seed_, request.step, micro_batch, Purpose::network));
  const at::Tensor loss = mean_loss(pass_.task, run_forward(pass_, placed), placed.targets);
  loss.backward();
  const at::NoGradGuard no_gradients;
  const Tail tail = split_tail(state_.buffer());
  tail.statistics.add_(state_.buffer().statistics());
  tail.loss.add_(loss.detach());
  if (request.wants_stop) tail.stop.add_(1);
}

}  // namespace eoshard::train
