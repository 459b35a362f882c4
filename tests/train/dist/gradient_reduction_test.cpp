// Under mpirun: the mean over micro-batches has the same bits on any number of ranks; buckets are communicated while
// backward goes on.
#include "libtrain/dist/gradient_reduction.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <thread>

#include "libtrain/core/rank_share.hpp"
#include "libtrain/dist/flat_alignment.hpp"
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

ReductionOptions options_for(const Communicator& world, std::int64_t micro_batches) {
  ReductionOptions options;
  options.micro_batches = micro_batches;
  options.share = rank_share(micro_batches, world.rank(), world.size());
  return options;
}

// A step whose micro-batches contribute known values.
void take_step(GradientReduction& reduction, GradientBuffer& buffer, Range share) {
  for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
    reduction.begin(micro_batch);
    buffer.gradients().add_(contribution(micro_batch, buffer.gradients().numel()));
    reduction.end_backward();
    reduction.end();
  }
  reduction.finish();
}

GradientBuffer small_buffer() {
  return GradientBuffer(parameters(), {{"mean", at::zeros({7})}}, 100);  // several buckets, the last slices shorter
}

at::Tensor expected_mean(std::int64_t count, std::int64_t length) {
  std::int64_t width = 1;
  while (width < count) width *= 2;
  at::Tensor expected = reference_sum(0, width, count, length);
  if (count > 1) expected.mul_(1.0 / static_cast<double>(count));
  return expected;
}

TEST(GradientReduction, HasTheBitsOfTheTree) {
  const Communicator world = Communicator::world();
  const auto collective = make_collective(world, at::kCPU);
  for (std::int64_t count = 1; count <= 9; ++count) {
    GradientBuffer buffer = small_buffer();
    EXPECT_GT(buffer.buckets().size(), 1u);
    const ReductionOptions options = options_for(world, count);
    GradientReduction reduction(buffer, *collective, options);
    for (int step = 0; step < 2; ++step) {  // the second finds the first one's memory
      take_step(reduction, buffer, options.share);
      EXPECT_TRUE(have_equal_bits(buffer.gradients(), expected_mean(count, buffer.gradients().numel())))
          << count << " micro-batches, step " << step;
    }
  }
}

TEST(GradientReduction, FastIsExactUpToRounding) {
  const Communicator world = Communicator::world();
  const auto collective = make_collective(world, at::kCPU);
  for (const std::int64_t count : {1, 3, 8}) {
    GradientBuffer buffer = small_buffer();
    ReductionOptions options = options_for(world, count);
    options.reduction = Reduction::fast;
    GradientReduction reduction(buffer, *collective, options);
    for (int step = 0; step < 2; ++step) {
      take_step(reduction, buffer, options.share);
      const at::Tensor expected = expected_mean(count, buffer.gradients().numel());
      EXPECT_LE((buffer.gradients() - expected).norm().item<double>(), 1e-6 * expected.norm().item<double>());
    }
  }
}

// What ranks send is rounded once, what they gather once more, whatever their number; the tail is not.
TEST(GradientReduction, RoundsTwiceOverBfloat16) {
  const Communicator world = Communicator::world();
  if (world.size() == 1) GTEST_SKIP() << "one rank sends nothing";
  const auto collective = make_collective(world, at::kCPU);
  const std::int64_t count = 8;
  GradientBuffer buffer = small_buffer();
  ReductionOptions options = options_for(world, count);
  options.reduction = Reduction::fast;
  options.wire = WireFormat::bf16;
  GradientReduction reduction(buffer, *collective, options);
  take_step(reduction, buffer, options.share);
  const std::int64_t length = buffer.gradients().numel(), weights = buffer.weights().numel();
  at::Tensor sum = at::zeros({weights});
  for (int rank = 0; rank < world.size(); ++rank) {
    const Range share = rank_share(count, rank, world.size());
    at::Tensor own = at::zeros({length});
    for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
      own += contribution(micro_batch, length);
    }
    sum += own.narrow(0, 0, weights).to(at::kBFloat16).to(at::kFloat);
  }
  const at::Tensor expected = sum.to(at::kBFloat16).to(at::kFloat) / static_cast<double>(count);
  EXPECT_TRUE(at::equal(buffer.gradients().narrow(0, 0, weights), expected));
  const at::Tensor tail = expected_mean(count, length).narrow(0, weights, length - weights);
  EXPECT_TRUE(at::allclose(buffer.gradient_tail(), tail, 1e-5, 1e-6));
}

TEST(GradientReduction, BfloatOnTheWireIsNotExact) {
  const Communicator world = Communicator::world();
  const auto collective = make_collective(world, at::kCPU);
  GradientBuffer buffer = small_buffer();
  ReductionOptions options = options_for(world, 2);
  options.wire = WireFormat::bf16;
  EXPECT_THROW(GradientReduction(buffer, *collective, options), Error);
}

// A chain of matrix products, the last layer's gradient first, and a parameter that gets none.
struct Chain {
  NamedTensors layers;
  at::Tensor input = at::ones({64, 256});

  Chain() {
    layers.push_back({"unused", at::ones({3}).set_requires_grad(true)});
    for (int layer = 0; layer < 6; ++layer) {
      layers.push_back({"layer" + std::to_string(layer), (at::eye(256) * 1.5f).set_requires_grad(true)});
    }
  }

  // `at_the_end` is called when all of the layers' gradients are there, before backward returns.
  void run_backward(const std::function<void()>& at_the_end = [] {}) const {
    at::Tensor values = input.detach().requires_grad_(true) * 1;
    values.register_hook([&](const at::Tensor&) { at_the_end(); });
    for (std::size_t layer = 1; layer < layers.size(); ++layer) values = at::matmul(values, layers[layer].tensor);
    values.sum().backward();
  }
};

// Says how many sums over ranks have begun.
class CountedSums final : public Collective {
 public:
  explicit CountedSums(const Communicator& world) : sums_(make_collective(world, at::kCPU)) {}
  int rank() const override { return sums_->rank(); }
  int size() const override { return sums_->size(); }
  void broadcast(const at::Tensor& values, int root) override { sums_->broadcast(values, root); }
  void exchange(const at::Tensor& from, const Pieces& sent, const at::Tensor& to, const Pieces& received) override {
    sums_->exchange(from, sent, to, received);
  }
  void gather_all(const at::Tensor& values, const Pieces& pieces) override { sums_->gather_all(values, pieces); }
  void sum(const at::Tensor& values) override {
    ++begun_;
    sums_->sum(values);
  }

  void wait_for(std::size_t count) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (begun_ < count && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  }

 private:
  std::unique_ptr<Collective> sums_;
  std::atomic<std::size_t> begun_ = 0;
};

TEST(GradientReduction, AllBucketsButTheLastStartBeforeBackwardEnds) {
  const Communicator world = Communicator::world();
  CountedSums collective(world);
  Chain chain;
  GradientBuffer buffer(chain.layers, {}, 256 * 256 * 4);
  ASSERT_GE(buffer.buckets().size(), 6u);
  ReductionOptions options = options_for(world, 2 * world.size());
  options.reduction = Reduction::fast;
  std::vector<std::int64_t> finished;
  GradientReduction reduction(buffer, collective, options,
                              [&](const Bucket& bucket) { finished.push_back(bucket.offset); });
  for (std::int64_t micro_batch = options.share.first; micro_batch < options.share.last; ++micro_batch) {
    reduction.begin(micro_batch);
    const bool is_watched = world.size() > 1 && micro_batch + 1 == options.share.last;
    chain.run_backward([&] { collective.wait_for(is_watched ? buffer.buckets().size() - 1 : 0); });
    reduction.end_backward();
    reduction.end();
  }
  reduction.finish();
  EXPECT_EQ(finished.size(), 2 * buffer.buckets().size());  // each bucket of each micro-batch, in order
  EXPECT_TRUE(std::is_sorted(finished.begin(), finished.begin() + static_cast<std::ptrdiff_t>(finished.size() / 2)));
  if (world.size() == 1) return;
  const ReductionTrace& trace = reduction.trace();
  ASSERT_EQ(trace.buckets.size(), buffer.buckets().size());
  for (std::size_t bucket = 0; bucket < trace.buckets.size(); ++bucket) {
    const ReductionTrace::BucketTimes& times = trace.buckets[bucket];
    if (bucket + 1 < trace.buckets.size()) {
      EXPECT_LT(times.started_s, trace.backward_ended_s) << "bucket " << bucket;
      EXPECT_LE(times.launched_s, trace.buckets[bucket + 1].launched_s);
      EXPECT_LE(times.ended_s, trace.buckets[bucket + 1].started_s);
    } else {
      EXPECT_GE(times.launched_s, trace.backward_ended_s);
    }
    EXPECT_LE(times.launched_s, times.started_s);
    EXPECT_LE(times.started_s, times.ended_s);
    EXPECT_GT(times.bytes, 0);
  }
  // d(sum)/d(layer) = (1.5^5) (input^T 1): every entry 64 * 1.5^5; the parameter without a gradient has zeros.
  const at::Tensor gradient = chain.layers[1].tensor.grad();
  EXPECT_TRUE(at::allclose(gradient, at::full({256, 256}, 64 * std::pow(1.5, 5)), 1e-5));
  EXPECT_EQ(chain.layers.front().tensor.grad().abs().sum().item<float>(), 0);
}

// A second reduction on the same buffer, as when the batch size changes: the first one's hooks are gone.
TEST(GradientReduction, LeavesNoHooksBehind) {
  const Communicator world = Communicator::world();
  const auto collective = make_collective(world, at::kCPU);
  Chain chain;
  GradientBuffer buffer(chain.layers, {}, 256 * 256 * 4);
  for (int phase = 0; phase < 2; ++phase) {
    const ReductionOptions options = options_for(world, world.size());
    GradientReduction reduction(buffer, *collective, options);
    reduction.begin(world.rank());
    chain.run_backward();
    reduction.end_backward();
    reduction.end();
    reduction.finish();
  }
  chain.run_backward();
}

TEST(GradientBuffer, TakesOverStorageAndCutsInReverseOrder) {
  NamedTensors tensors = parameters();
  GradientBuffer buffer(tensors, {{"mean", at::zeros({7})}}, 150);
  EXPECT_EQ(buffer.places().front().name, "fc");
  EXPECT_GT(buffer.places().front().dimensions, 1);
  EXPECT_EQ(buffer.places()[1].dimensions, 1);
  EXPECT_EQ(buffer.gradient_tail().numel(), kFlatAlignment + GradientBuffer::kFigures);
  for (const FlatPlace& place : buffer.places()) EXPECT_EQ(place.offset % kFlatAlignment, 0) << place.name;
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
