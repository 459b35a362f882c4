// On a GPU: NCCL gives the same bits as MPI on the CPU. Skips where there is no GPU.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>

#include <cstdlib>

#include "libtrain/core/rank_share.hpp"
#include "libtrain/dist/gradient_reduction.hpp"

namespace eoshard::train {
namespace {

at::Tensor reduce_on(const Communicator& world, at::Device device, std::int64_t micro_batches) {
  const auto collective = make_collective(world, device);
  NamedTensors parameters = {{"weight", at::ones({1000}, device).set_requires_grad(true)}};
  GradientBuffer buffer(parameters, {}, 1000);
  const Range share = rank_share(micro_batches, world.rank(), world.size());
  GradientReduction reduction(buffer, *collective, {micro_batches, share, Reduction::exact, WireFormat::fp32});
  for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
    at::Generator generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(micro_batch) + 1);
    reduction.begin(micro_batch);
    buffer.gradients().add_(at::randn({buffer.gradients().numel()}, generator).to(device));
    reduction.end_backward();
    reduction.end();
  }
  reduction.finish();
  return buffer.gradients().to(at::kCPU);
}

TEST(NcclCollective, ReducesToTheBitsOfMpi) {
  if (!is_built_with_cuda() && std::getenv("EOSHARD_NEEDS_GPU") == nullptr) GTEST_SKIP() << "built without CUDA";
  if (torch::cuda::device_count() == 0 && std::getenv("EOSHARD_NEEDS_GPU") == nullptr) GTEST_SKIP() << "no GPU here";
  const Communicator world = Communicator::world();
  for (const std::int64_t micro_batches : {1, 3, 8}) {
    EXPECT_TRUE(at::equal(reduce_on(world, at::Device(at::kCUDA, 0), micro_batches),
                          reduce_on(world, at::kCPU, micro_batches)));
  }
}

}  // namespace
}  // namespace eoshard::train
