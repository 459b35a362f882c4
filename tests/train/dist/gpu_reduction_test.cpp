// On a GPU: NCCL's calls, by one rank, and the reduction around them. Skips where there is no GPU.
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

void skip_without_gpu() {
  if (std::getenv("EOSHARD_NEEDS_GPU") != nullptr) return;
  if (!is_built_with_cuda()) GTEST_SKIP() << "built without CUDA";
  if (torch::cuda::device_count() == 0) GTEST_SKIP() << "no GPU here";
}

// A reduction on one rank communicates nothing, so each call is made by itself.
TEST(NcclCollective, LeavesTheValuesOfOneRank) {
  skip_without_gpu();
  if (IsSkipped()) return;
  const Communicator world = Communicator::world();
  if (world.size() > 1) GTEST_SKIP() << "for one rank";
  const at::Device device(at::kCUDA, 0);
  const auto collective = make_collective(world, device);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor wanted = at::arange(1000, at::TensorOptions(device)).to(type);
    const at::Tensor values = wanted.clone(), received = at::zeros_like(wanted);
    const Pieces all = equal_slices(values.numel(), 1);
    collective->broadcast(values, 0);
    collective->sum(values);
    collective->gather_all(values, all);
    collective->exchange(values, all, received, all);
    EXPECT_TRUE(at::equal(values, wanted));
    EXPECT_TRUE(at::equal(received, wanted));
  }
}

TEST(GradientReduction, HasTheBitsOfTheCpu) {
  skip_without_gpu();
  if (IsSkipped()) return;
  const Communicator world = Communicator::world();
  for (const std::int64_t micro_batches : {1, 3, 8}) {
    EXPECT_TRUE(at::equal(reduce_on(world, at::Device(at::kCUDA, 0), micro_batches),
                          reduce_on(world, at::kCPU, micro_batches)));
  }
}

}  // namespace
}  // namespace eoshard::train
