#include "libtrain/train_step.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "libtrain/data/random_draws.hpp"

namespace eoshard::train {
namespace {

// The parts of the gradient buffer's tail.
struct Tail {
  at::Tensor statistics, loss, stop, small_gradient;
};

Tail split_tail(const GradientBuffer& buffer) {
  const at::Tensor tail = buffer.gradient_tail();
  const std::int64_t statistics = buffer.statistics().numel();
  return {tail.narrow(0, 0, statistics), tail.select(0, statistics), tail.select(0, statistics + 1),
          tail.select(0, statistics + 2)};
}

}  // namespace

EagerTrainStep::EagerTrainStep(TrainingState& state, const ForwardPass& pass, const SplitReader& split,
                               Collective& collective, StepOptions options)
    : state_(state),
      pass_(pass),
      split_(split),
      options_(std::move(options)),
      reduction_(state.buffer(), collective,
                 options_.is_local ? options_.share.size() : options_.plan.micro_batches()) {}

at::Tensor EagerTrainStep::weight_gradients() const {
  return state_.buffer().gradients().narrow(0, 0, state_.buffer().weights().numel());
}

StepFigures EagerTrainStep::run(BatchLoader& loader, const StepRequest& request) {
  const Range share = options_.share;
  const std::int64_t first_leaf = options_.is_local ? share.first : 0;
  for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
    reduction_.begin(micro_batch - first_leaf);
    run_micro_batch(loader.next(), request, micro_batch);
    reduction_.end(micro_batch - first_leaf);
  }
  reduction_.finish();
  const Tail tail = split_tail(state_.buffer());
  state_.update_running_statistics(tail.statistics);
  StepFigures figures;
  figures.loss = tail.loss.item<double>();
  figures.is_stop_wanted = tail.stop.item<double>() > 0;
  if (request.loss_scale > 0) figures.has_overflow = !unscale(request.loss_scale);
  if (has_noise()) {
    const auto all = static_cast<double>(options_.plan.micro_batches());
    figures.small_gradient = tail.small_gradient.item<double>() * all / std::ceil(all / 2);
    figures.big_gradient = squared_norm(weight_gradients());
  }
  if (!figures.has_overflow) state_.update(request.learning_rate, request.step);
  return figures;
}

// False where gradients are not finite.
bool EagerTrainStep::unscale(double loss_scale) {
  const at::NoGradGuard no_gradients;
  weight_gradients().mul_(1 / loss_scale);
  return std::isfinite(squared_norm(weight_gradients()));
}

// Adds the micro-batch's gradients, batch statistics and loss to the buffer.
void EagerTrainStep::run_micro_batch(const Batch& batch, const StepRequest& request, std::int64_t micro_batch) {
  DeviceBatch placed = place_batch(pass_, batch, split_);
  if (options_.mixup_alpha > 0) {
    std::vector<std::int64_t> samples;
    for (const SampleRequest& sample : batch.samples) samples.push_back(sample.sample);
    mix(placed, draw_mixing(options_.mixup_alpha, options_.seed, request.epoch, samples), split_.classes());
  }
  // Dropout and its like draw from the generator: the same for whoever computes this micro-batch.
  at::manual_seed(draw_bits(options_.seed, request.step, micro_batch, Purpose::network));
  const at::Tensor loss = mean_loss(options_.loss, run_forward(pass_, placed), placed.targets);
  (request.loss_scale == 0 ? loss : loss * request.loss_scale).backward();
  const at::NoGradGuard no_gradients;
  const Tail tail = split_tail(state_.buffer());
  tail.statistics.add_(state_.buffer().statistics());
  tail.loss.add_(loss.detach());
  if (request.wants_stop) tail.stop.add_(1);
  // A micro-batch of an even number begins a pair of the reduction tree: the buffer holds its gradient alone.
  if (has_noise() && micro_batch % 2 == 0) {
    const double scale = request.loss_scale > 0 ? request.loss_scale : 1;
    tail.small_gradient.add_(squared_norm(weight_gradients()) / (scale * scale));
  }
}

}  // namespace eoshard::train
