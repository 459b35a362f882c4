#include "libtrain/dist/stream_lane.hpp"

#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

namespace eoshard::train {
namespace {

class StreamLane final : public CommunicationLane {
 public:
  explicit StreamLane(at::Device device)
      : device_(device), side_(c10::cuda::getStreamFromPool(/*isHighPriority=*/true, device.index())) {}

  // The side stream begins where the launching stream is now.
  void launch(std::function<void()> work) override {
    const c10::cuda::CUDAGuard device(device_);
    at::cuda::CUDAEvent computed;
    computed.record(c10::cuda::getCurrentCUDAStream(device_.index()));
    computed.block(side_);
    const c10::cuda::CUDAStreamGuard stream(side_);
    work();
  }

  void wait() override {
    const c10::cuda::CUDAGuard device(device_);
    const c10::cuda::CUDAStream computing = c10::cuda::getCurrentCUDAStream(device_.index());
    at::cuda::CUDAEvent done;
    done.record(side_);
    computed_.record(computing);
    done.block(computing);
    arrived_.record(computing);
  }

  double waited_s() const override {
    constexpr double kMillisecond = 1e-3;
    return computed_.isCreated() ? kMillisecond * computed_.elapsed_time(arrived_) : 0;
  }

 private:
  at::Device device_;
  c10::cuda::CUDAStream side_;
  at::cuda::CUDAEvent computed_{cudaEventDefault}, arrived_{cudaEventDefault};  // with their times
};

}  // namespace

std::unique_ptr<CommunicationLane> make_stream_lane(at::Device device) { return std::make_unique<StreamLane>(device); }

}  // namespace eoshard::train
