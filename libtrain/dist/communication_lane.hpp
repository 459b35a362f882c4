// Communication beside computing: work that is launched in order and runs while the launching thread goes on.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>

namespace eoshard::train {

/// On CPUs a thread that runs the launched work; on GPUs a side stream, on which the launching thread queues it.
class CommunicationLane {
 public:
  virtual ~CommunicationLane() = default;

  /// Runs `work` after all earlier work, on data as it is now. `work` is called by another thread (CPU) or at once,
  /// with the side stream as the current one (GPU).
  virtual void launch(std::function<void()> work) = 0;

  /// Returns when all launched work is done (CPU), or makes the current stream wait for it (GPU). Until then the caller
  /// leaves the launched work's communicators alone. Rethrows the first error; what was launched after it has not run.
  virtual void wait() = 0;

  /// Seconds for which the last wait() kept what follows it from beginning. On a GPU it may be asked for when what
  /// follows has been computed.
  virtual double waited_s() const = 0;
};

std::unique_ptr<CommunicationLane> make_lane(at::Device device);

}  // namespace eoshard::train
