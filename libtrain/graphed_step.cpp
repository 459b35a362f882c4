#include "libtrain/graphed_step.hpp"

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAFunctions.h>
#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "libingest/core/error.hpp"

namespace eoshard::train {
namespace {

// cuDNN tries its algorithms, cuBLAS makes its workspaces and TorchScript specialises its code in the first passes;
// all of that allocates or waits, which must not be captured.
constexpr int kEagerMicroBatches = 3;

[[noreturn]] void refuse(std::string_view reason) {
  throw Error(
      ErrorKind::usage,
      fmt::format("--step graphed: the forward and backward pass of this network cannot be captured: {}; choose "
                  "--step eager",
                  reason.substr(0, reason.find('\n'))));
}

// What differs between replays lies in memory of the graph's own: images, targets and the loss scale. Draws follow the
// generator, whose seed every replay reads anew. The loader's threads call nothing of CUDA, and the capture is this
// thread's alone, so they need not pause.
class GraphedTrainStep final : public EagerTrainStep {
 public:
  using EagerTrainStep::EagerTrainStep;

 protected:
  void compute(const DeviceBatch& batch, double loss_scale, const at::Tensor& loss_sum) override {
    if (eager_micro_batches_ < kEagerMicroBatches) {
      ++eager_micro_batches_;
      return EagerTrainStep::compute(batch, loss_scale, loss_sum);
    }
    if (!graph_) make_room(batch);
    fill(batch, loss_scale);
    if (!graph_) capture(loss_scale != 0, loss_sum);
    graph_->replay();
  }

 private:
  void make_room(const DeviceBatch& batch) {
    const at::NoGradGuard no_gradients;
    static_batch_ = {at::empty_like(batch.images), at::empty_like(batch.targets)};
    scale_ = at::ones({}, batch.images.options().dtype(at::kFloat));
  }

  void fill(const DeviceBatch& batch, double loss_scale) {
    const at::NoGradGuard no_gradients;
    TORCH_INTERNAL_ASSERT(batch.images.sizes() == static_batch_.images.sizes());  // of one phase, so of one shape
    static_batch_.images.copy_(batch.images);
    static_batch_.targets.copy_(batch.targets);
    if (loss_scale != 0) scale_.fill_(loss_scale);
  }

  void capture(bool is_scaled, const at::Tensor& loss_sum) {
    c10::cuda::device_synchronize();
    auto graph = std::make_unique<at::cuda::CUDAGraph>();
    graph->capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
    std::optional<std::string> failure;
    try {
      run_passes(is_scaled, loss_sum);
    } catch (const std::exception& error) {
      failure = error.what();
    }
    try {
      graph->capture_end();
    } catch (const std::exception& error) {
      if (!failure) failure = error.what();
    }
    if (failure) refuse(*failure);
    graph_ = std::move(graph);
  }

  void run_passes(bool is_scaled, const at::Tensor& loss_sum) {
    const at::Tensor loss = loss_of(static_batch_);
    (is_scaled ? loss * scale_ : loss).backward();
    const at::NoGradGuard no_gradients;
    loss_sum.add_(loss.detach());
  }

  int eager_micro_batches_ = 0;
  DeviceBatch static_batch_;
  at::Tensor scale_;
  std::unique_ptr<at::cuda::CUDAGraph> graph_;
};

}  // namespace

std::unique_ptr<TrainStep> make_graphed_step(TrainingState& state, const ForwardPass& pass, BatchPlacer& placer,
                                             Collective& collective, const StepOptions& options) {
  return std::make_unique<GraphedTrainStep>(state, pass, placer, collective, options);
}

}  // namespace eoshard::train
