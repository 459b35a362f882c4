#include "libtrain/train_step.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "libingest/mpi/rank_watch.hpp"
#include "libtrain/data/random_draws.hpp"
#ifdef EOSHARD_HAVE_CUDA
#include "libtrain/graphed_step.hpp"
#endif

namespace eoshard::train {
namespace {

// One wait for the device, which may wait for other ranks: on GPUs the sums over them were only queued until here.
at::Tensor read_figures(const at::Tensor& figures) {
  const WaitingForRanks waiting;
  return figures.to(at::kCPU, at::kDouble);
}

// A rank's own step is the whole of its share.
ReductionOptions reduction_options(const StepOptions& options) {
  const std::int64_t own = options.share.size();
  const bool is_overlapped = !options.is_graphed;  // hooks of backward run when it is captured, not when it is replayed
  if (options.is_local) return {own, {0, own}, options.reduction, options.wire, is_overlapped};
  return {options.plan.micro_batches(), options.share, options.reduction, options.wire, is_overlapped};
}

}  // namespace

EagerTrainStep::EagerTrainStep(TrainingState& state, const ForwardPass& pass, BatchPlacer& placer,
                               Collective& collective, StepOptions options)
    : state_(state),
      pass_(pass),
      placer_(placer),
      options_(std::move(options)),
      reduction_(state.buffer(), collective, reduction_options(options_),
                 [this](const Bucket& bucket) { add_norm(bucket); }),
      ranks_(collective.size()) {
  const at::Tensor& gradients = state.buffer().gradients();
  if (gradients.is_cuda()) gpu_norm_ = at::zeros({}, gradients.options().dtype(at::kDouble));
}

EagerTrainStep::Tail EagerTrainStep::tail() const {
  const at::Tensor all = state_.buffer().gradient_tail();
  const std::int64_t statistics = state_.buffer().statistics().numel();
  return {all.narrow(0, 0, statistics), all.narrow(0, statistics, GradientBuffer::kFigures), all.select(0, statistics),
          all.select(0, statistics + 1), all.select(0, statistics + 2)};
}

at::Tensor EagerTrainStep::weight_gradients() const {
  return state_.buffer().gradients().narrow(0, 0, state_.buffer().weights().numel());
}

StepFigures EagerTrainStep::run(BatchFeed& feed, const StepRequest& request) {
  const Range share = options_.share;
  const std::int64_t first_leaf = options_.is_local ? share.first : 0;
  for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
    reduction_.begin(micro_batch - first_leaf);
    run_micro_batch(feed.next(), request, micro_batch);
    reduction_.end();
  }
  reduction_.finish();
  feed.fetch_ahead();
  return spend(request);
}

StepFigures EagerTrainStep::spend(const StepRequest& request) {
  const at::NoGradGuard no_gradients;
  state_.update_running_statistics(tail().statistics);
  const at::Tensor read = read_figures(tail().figures);
  std::array<double, 4> values{};
  std::copy_n(read.const_data_ptr<double>(), GradientBuffer::kFigures, values.begin());
  if (request.loss_scale > 0) weight_gradients().mul_(1 / request.loss_scale);
  if (request.loss_scale > 0 || has_noise(request)) values.back() = squared_norm(weight_gradients());
  const StepFigures figures = figures_of(values, request);
  if (!figures.has_overflow) state_.update(request.learning_rate, request.step);
  return figures;
}

StepFigures EagerTrainStep::figures_of(const std::array<double, 4>& values, const StepRequest& request) const {
  StepFigures figures;
  figures.loss = values[0];
  figures.is_stop_wanted = values[1] > 0;
  figures.has_overflow = request.loss_scale > 0 && !std::isfinite(values[3]);
  if (!has_noise(request)) return figures;
  const auto all = static_cast<double>(options_.plan.micro_batches());
  figures.small_gradient = values[2] * all / static_cast<double>(count_alone());
  figures.big_gradient = values[3];
  return figures;
}

// In the order of the tree a micro-batch of an even number begins a pair; else a rank's first one begins its sum.
bool EagerTrainStep::holds_alone(std::int64_t micro_batch) const {
  return options_.reduction == Reduction::exact ? micro_batch % 2 == 0 : micro_batch == options_.share.first;
}

std::int64_t EagerTrainStep::count_alone() const {
  const std::int64_t all = options_.plan.micro_batches();
  return options_.reduction == Reduction::exact ? (all + 1) / 2 : std::min<std::int64_t>(all, ranks_);
}

// Tensor by tensor, so that the sum does not depend on where buckets end.
void EagerTrainStep::add_norm(const Bucket& bucket) {
  if (!is_counted_) return;
  const at::NoGradGuard no_gradients;
  if (gpu_norm_.defined()) return add_norm_on_gpu(bucket);
  const GradientBuffer& buffer = state_.buffer();
  for (const FlatPlace& place : buffer.places()) {
    if (place.offset < bucket.offset || place.offset >= bucket.offset + bucket.length) continue;
    squared_norm_ += squared_norm(buffer.gradients().narrow(0, place.offset, place.length));
  }
}

void EagerTrainStep::add_norm_on_gpu(const Bucket& bucket) {
  const std::int64_t weights = state_.buffer().weights_in(bucket);
  if (weights == 0) return;
  const at::Tensor gradients = state_.buffer().gradients().narrow(0, bucket.offset, weights);
  gpu_norm_.add_(squared_norm_on_device(gradients));
}

at::Tensor EagerTrainStep::loss_of(const DeviceBatch& batch) const {
  return mean_loss(options_.loss, run_forward(pass_, batch), batch.targets);
}

void EagerTrainStep::compute(const DeviceBatch& batch, double loss_scale) {
  const at::Tensor loss = loss_of(batch);
  (loss_scale == 0 ? loss : loss * loss_scale).backward();
  add_to_tail(loss);
}

void EagerTrainStep::add_to_tail(const at::Tensor& loss) {
  const at::NoGradGuard no_gradients;
  tail().loss.add_(loss.detach());
  tail().statistics.add_(state_.buffer().statistics());
}

// Adds the micro-batch's gradients, batch statistics and loss to the buffer.
void EagerTrainStep::run_micro_batch(const Batch& batch, const StepRequest& request, std::int64_t micro_batch) {
  std::optional<Mixing> mixing;
  if (options_.mixup_alpha > 0) {
    std::vector<std::int64_t> samples;
    for (const SampleRequest& sample : batch.samples) samples.push_back(sample.sample);
    mixing = draw_mixing(options_.mixup_alpha, options_.seed, request.epoch, samples);
  }
  const DeviceBatch placed = placer_.place(batch, mixing);
  // Dropout and its like draw from the generator: the same for whoever computes this micro-batch.
  at::manual_seed(draw_bits(options_.seed, request.step, micro_batch, Purpose::network));
  is_counted_ = has_noise(request) && holds_alone(micro_batch);
  squared_norm_ = 0;
  if (gpu_norm_.defined()) gpu_norm_.zero_();
  compute(placed, request.loss_scale);
  reduction_.end_backward();
  const at::NoGradGuard no_gradients;
  if (request.wants_stop) tail().stop.add_(1);
  if (!is_counted_) return;
  const double scale = request.loss_scale > 0 ? request.loss_scale : 1, factor = 1 / (scale * scale);
  if (gpu_norm_.defined()) {
    tail().small_gradient.add_(gpu_norm_ * factor);
  } else {
    tail().small_gradient.add_(squared_norm_ * factor);
  }
}

std::unique_ptr<TrainStep> make_train_step(TrainingState& state, const ForwardPass& pass, BatchPlacer& placer,
                                           Collective& collective, const StepOptions& options) {
#ifdef EOSHARD_HAVE_CUDA
  if (options.is_graphed) return make_graphed_step(state, pass, placer, collective, options);
#endif
  TORCH_INTERNAL_ASSERT(!options.is_graphed);
  return std::make_unique<EagerTrainStep>(state, pass, placer, collective, options);
}

}  // namespace eoshard::train
