#include "libtrain/graphed_step.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>

#include "libingest/core/error.hpp"
#include "libingest/mpi/rank_watch.hpp"

namespace eoshard::train {
namespace {

using Graph = std::unique_ptr<at::cuda::CUDAGraph>;

// cuDNN tries its algorithms, cuBLAS makes its workspaces, TorchScript specialises its code and kernels are loaded in
// the first passes; all of that allocates or waits, which must not be captured.
constexpr int kEagerMicroBatches = 3;
constexpr int kEagerUpdates = 1;

[[noreturn]] void refuse(std::string_view reason) {
  throw Error(ErrorKind::usage, fmt::format("--step graphed: the step of this network cannot be captured: {}; choose "
                                            "--step eager",
                                            reason.substr(0, reason.find('\n'))));
}

// What `work` queues on the current stream, which is not the default one. Nothing is computed yet.
Graph capture(const std::function<void()>& work) {
  c10::cuda::device_synchronize();
  c10::cuda::CUDACachingAllocator::emptyCache();  // a graph has memory of its own: what eager steps held is free for it
  auto graph = std::make_unique<at::cuda::CUDAGraph>();
  graph->capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
  std::optional<std::string> failure;
  try {
    work();
  } catch (const std::exception& error) {
    failure = error.what();
  }
  try {
    graph->capture_end();
  } catch (const std::exception& error) {
    if (!failure) failure = error.what();
  }
  if (failure) refuse(*failure);
  return graph;
}

// Two graphs: a micro-batch's passes, and the update behind the reduction, which stays outside. What differs between
// replays lies in memory of their own: images and targets, the loss scale and its inverse, rate and number of the step.
// Draws follow the generator, whose seed every replay reads anew. The loader's threads call nothing of CUDA, and the
// captures are this thread's alone, so they need not pause.
class GraphedTrainStep final : public EagerTrainStep {
 public:
  using EagerTrainStep::EagerTrainStep;

 protected:
  void compute(const DeviceBatch& batch, double loss_scale) override {
    if (eager_micro_batches_ < kEagerMicroBatches) {
      ++eager_micro_batches_;
      return EagerTrainStep::compute(batch, loss_scale);
    }
    if (!passes_) make_room(batch);
    fill(batch, loss_scale);
    if (!passes_) passes_ = capture([&] { run_passes(loss_scale != 0); });
    passes_->replay();
  }

  StepFigures spend(const StepRequest& request) override {
    if (!passes_ || eager_updates_ < kEagerUpdates) {
      ++eager_updates_;
      return EagerTrainStep::spend(request);
    }
    const bool is_scaled = request.loss_scale > 0;
    const at::NoGradGuard no_gradients;
    state().set_step(request.learning_rate, request.step);
    if (is_scaled) {
      inverse_scale_.fill_(1 / request.loss_scale);
    } else if (has_noise(request)) {
      big_gradient().copy_(squared_norm_on_device(weight_gradients()));
    }
    if (!update_) update_ = capture([&] { run_update(is_scaled); });
    update_->replay();
    return figures_of(read_figures(), request);
  }

 private:
  void make_room(const DeviceBatch& batch) {
    const at::NoGradGuard no_gradients;
    static_batch_ = {at::empty_like(batch.images), at::empty_like(batch.targets)};
    scale_ = at::ones({}, batch.images.options().dtype(at::kFloat));
    inverse_scale_ = at::ones_like(scale_);
    figures_ = at::zeros({4}, scale_.options().dtype(at::kDouble));
  }

  // One wait for the device, which may wait for other ranks: the sums over them were only queued until here.
  std::array<double, 4> read_figures() const {
    const WaitingForRanks waiting;
    const at::Tensor read = figures_.to(at::kCPU);
    std::array<double, 4> values{};
    std::copy_n(read.const_data_ptr<double>(), values.size(), values.begin());
    return values;
  }

  void fill(const DeviceBatch& batch, double loss_scale) {
    const at::NoGradGuard no_gradients;
    TORCH_INTERNAL_ASSERT(batch.images.sizes() == static_batch_.images.sizes());  // of one phase, so of one shape
    static_batch_.images.copy_(batch.images);
    static_batch_.targets.copy_(batch.targets);
    if (loss_scale != 0) scale_.fill_(loss_scale);
  }

  void run_passes(bool is_scaled) {
    const at::Tensor loss = loss_of(static_batch_);
    (is_scaled ? loss * scale_ : loss).backward();
    add_to_tail(loss);
  }

  // As EagerTrainStep::spend, but what becomes of an overflow is settled on the device. The figures are kept first:
  // LAMB leaves something else in the gradients.
  void run_update(bool is_scaled) {
    const at::NoGradGuard no_gradients;
    state().update_running_statistics(tail().statistics);
    figures_.narrow(0, 0, GradientBuffer::kFigures).copy_(tail().figures);
    if (is_scaled) {
      weight_gradients().mul_(inverse_scale_);
      big_gradient().copy_(squared_norm_on_device(weight_gradients()));
    }
    state().spend_gradients(is_scaled ? big_gradient() : at::Tensor());
  }

  at::Tensor big_gradient() const { return figures_.select(0, GradientBuffer::kFigures); }

  int eager_micro_batches_ = 0, eager_updates_ = 0;
  DeviceBatch static_batch_;
  at::Tensor scale_, inverse_scale_;  // float32 numbers
  at::Tensor figures_;                // (4) float64, see figures_of
  Graph passes_, update_;
};

}  // namespace

std::unique_ptr<TrainStep> make_graphed_step(TrainingState& state, const ForwardPass& pass, BatchPlacer& placer,
                                             Collective& collective, const StepOptions& options) {
  return std::make_unique<GraphedTrainStep>(state, pass, placer, collective, options);
}

}  // namespace eoshard::train
