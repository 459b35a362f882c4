// Under mpirun: the mean over micro-batches has the same bits on any number of ranks.
#include "libtrain/dist/tree_reduction.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstring>

#include "libtrain/core/rank_share.hpp"
#include "libtrain/dist/rank_mean.hpp"

namespace eoshard::train {
namespace {

NamedTensors parameters() {
  NamedTensors tensors;
  tensors.push_back({"conv", at::ones({4, 3, 3, 3}).set_requires_grad(true)});
  tensors.push_back({"bias", at::ones({37}).set_requires_grad(true)});
  tensors.push_back({"fc", at::ones({5, 11}).set_requires_grad(true)});
  return tensors;
}

// Values of very different size, so that another order of summation shows in the last bits.
at::Tensor contribution(std::int64_t micro_batch, std::int64_t length) {
  at::Generator generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(micro_batch) + 1);
  return at::randn({length}, generator) * at::pow(10, at::rand({length}, generator) * 6 - 3);
}

at::Tensor reference_sum(std::int64_t first, std::int64_t width, std::int64_t count, std::int64_t length) {
  if (width == 1) return contribution(first, length);
  const at::Tensor left = reference_sum(first, width / 2, count, length);
  if (first + width / 2 >= count) return left;
  return left + reference_sum(first + width / 2, width / 2, count, length);
}

bool have_equal_bits(const at::Tensor& one, const at::Tensor& other) {
  return one.numel() == other.numel() &&
         std::memcmp(one.const_data_ptr(), other.const_data_ptr(), static_cast<std::size_t>(one.nbytes())) == 0;
}

TEST(TreeReduction, HasTheBitsOfTheTree) {
  const Communicator world = Communicator::world();
  const auto collective = make_collective(world, at::kCPU);
  for (std::int64_t count = 1; count <= 9; ++count) {
    NamedTensors statistics = {{"mean", at::zeros({7})}};
    GradientBuffer buffer(parameters(), statistics, 100);  // small buckets: several, and slices of odd lengths
    EXPECT_GT(buffer.buckets().size(), 1u);
    TreeReduction reduction(buffer, *collective, count);
    const Range share = rank_share(count, world.rank(), world.size());
    for (int step = 0; step < 2; ++step) {  // the second finds the first one's memory
      for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
        reduction.begin(micro_batch);
        buffer.gradients().add_(contribution(micro_batch, buffer.gradients().numel()));
        reduction.end(micro_batch);
      }
      reduction.finish();
      std::int64_t width = 1;
      while (width < count) width *= 2;
      at::Tensor expected = reference_sum(0, width, count, buffer.gradients().numel());
      if (count > 1) expected.mul_(1.0 / static_cast<double>(count));
      EXPECT_TRUE(have_equal_bits(buffer.gradients(), expected)) << count << " micro-batches, step " << step;
    }
  }
}

TEST(GradientBuffer, TakesOverStorageAndCutsInReverseOrder) {
  NamedTensors tensors = parameters();
  GradientBuffer buffer(tensors, {{"mean", at::zeros({7})}}, 150);
  EXPECT_EQ(buffer.places().front().name, "fc");
  EXPECT_GT(buffer.places().front().dimensions, 1);
  EXPECT_EQ(buffer.places()[1].dimensions, 1);
  EXPECT_EQ(buffer.gradient_tail().numel(), 7 + GradientBuffer::kFigures);
  std::int64_t next = 0;
  for (const Bucket& bucket : buffer.buckets()) {
    EXPECT_EQ(bucket.offset, next);
    next += bucket.length;
  }
  EXPECT_EQ(next, buffer.gradients().numel());
  (tensors[0].tensor.sum() * 2).backward();
  EXPECT_EQ(buffer.gradients().sum().item<float>(), 2 * 108);
  buffer.assert_attached();
  tensors[0].tensor.mutable_grad().reset();
  EXPECT_THROW(buffer.assert_attached(), c10::Error);
}

TEST(MpiCollective, BroadcastReachesAll) {
  const Communicator world = Communicator::world();
  const auto collective = make_collective(world, at::kCPU);
  const at::Tensor values = at::full({5}, static_cast<float>(world.rank()));
  collective->broadcast(values, world.size() - 1);
  EXPECT_EQ(values[4].item<float>(), static_cast<float>(world.size() - 1));
}

TEST(AverageOverRanks, IsTheSameMeanOnEveryRank) {
  const Communicator world = Communicator::world();
  const auto collective = make_collective(world, at::kCPU);
  for (const std::int64_t length : {0, 1, 5, 1000}) {
    const at::Tensor values = contribution(world.rank(), length);
    average_over_ranks(values, *collective);
    at::Tensor expected = at::zeros({length}, at::kDouble);
    for (int rank = 0; rank < world.size(); ++rank) expected += contribution(rank, length) / world.size();
    EXPECT_TRUE(at::allclose(values.to(at::kDouble), expected, 1e-5, 1e-6)) << length;
    const std::vector<float> all = world.all_gather(std::span<const float>(values.const_data_ptr<float>(), length));
    for (int rank = 0; rank < world.size(); ++rank) {
      EXPECT_EQ(std::memcmp(all.data() + rank * length, all.data(), length * sizeof(float)), 0) << "rank " << rank;
    }
  }
}

}  // namespace
}  // namespace eoshard::train
