#include "libtrain/data/sample_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "libtrain/data/micro_batch_plan.hpp"

namespace eoshard::train {
namespace {

TEST(SampleOrder, IsAPermutationThatChangesWithSeedAndEpoch) {
  std::set<std::vector<std::int64_t>> orders;
  for (const auto& [seed, epoch] : {std::pair{0, 0}, {0, 1}, {1, 0}}) {
    std::vector<std::int64_t> order = sample_order(1000, {}, static_cast<std::uint64_t>(seed), epoch);
    orders.insert(order);
    std::sort(order.begin(), order.end());
    for (std::int64_t index = 0; index < 1000; ++index) ASSERT_EQ(order[static_cast<std::size_t>(index)], index);
  }
  EXPECT_EQ(orders.size(), 3u);
  EXPECT_EQ(sample_order(1000, {}, 5, 2), sample_order(1000, {}, 5, 2));
  EXPECT_TRUE(sample_order(0, {}, 0, 0).empty());
}

TEST(SampleOrder, EveryPlaceIsEquallyLikely) {
  std::vector<int> counts(16, 0);
  for (std::int64_t epoch = 0; epoch < 8000; ++epoch) {
    const std::vector<std::int64_t> order = sample_order(16, {}, 3, epoch);
    ++counts[static_cast<std::size_t>(std::find(order.begin(), order.end(), 0) - order.begin())];
  }
  double chi_squared = 0;
  for (const int count : counts) chi_squared += std::pow(count - 500.0, 2) / 500.0;
  EXPECT_LT(chi_squared, 44.3);  // 15 degrees of freedom, one in 10,000
}

TEST(SampleOrder, BlocksKeepNeighboursTogether) {
  constexpr std::int64_t kSamples = 1003, kBlock = 16, kWindow = 4;
  std::vector<std::int64_t> order = sample_order(kSamples, {kBlock, kWindow}, 7, 1);
  EXPECT_EQ(order, sample_order(kSamples, {kBlock, kWindow}, 7, 1));
  EXPECT_NE(order, sample_order(kSamples, {kBlock, kWindow}, 7, 2));
  // A window holds samples of kWindow blocks, one more where a short one precedes
  for (std::size_t first = 0; first < order.size(); first += kBlock * kWindow) {
    std::set<std::int64_t> blocks;
    const std::size_t end = std::min(order.size(), first + kBlock * kWindow);
    for (std::size_t at = first; at < end; ++at) blocks.insert(order[at] / kBlock);
    EXPECT_LE(blocks.size(), kWindow + 1u);
  }
  const auto first_window = std::vector(order.begin(), order.begin() + kBlock * kWindow);
  EXPECT_FALSE(std::is_sorted(first_window.begin(), first_window.end()));
  std::sort(order.begin(), order.end());
  for (std::int64_t index = 0; index < kSamples; ++index) ASSERT_EQ(order[static_cast<std::size_t>(index)], index);
}

TEST(SampleOrder, OneWindowOverAllIsAGlobalShuffle) {
  EXPECT_EQ(sample_order(100, {10, 10}, 3, 4), sample_order(100, {}, 3, 4));
  EXPECT_EQ(sample_order(100, {1000, 1}, 3, 4), sample_order(100, {}, 3, 4));
  EXPECT_NE(sample_order(100, {10, 9}, 3, 4), sample_order(100, {}, 3, 4));
}

TEST(MicroBatchPlan, TheLastIncompleteBatchIsDropped) {
  const StepPlan plan{103, 20, 5};
  EXPECT_EQ(plan.steps(), 5);
  EXPECT_EQ(plan.micro_batches(), 4);
  EXPECT_EQ(plan.positions(0, 0), (Range{0, 5}));
  EXPECT_EQ(plan.positions(4, 3), (Range{95, 100}));
}

TEST(MicroBatchPlan, EvaluationCountsEverySampleOnce) {
  const EvaluationPlan plan{23, 5};
  std::int64_t next = 0;
  for (int rank = 0; rank < 4; ++rank) {
    const Range share = rank_share(plan.micro_batches(), rank, 4);
    for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
      EXPECT_EQ(plan.positions(micro_batch).first, next);
      next = plan.positions(micro_batch).last;
    }
  }
  EXPECT_EQ(next, 23);
}

TEST(RankShare, SharesFollowEachOtherAndDifferByOneAtMost) {
  for (const int ranks : {1, 2, 3, 7, 16}) {
    std::int64_t next = 0;
    for (int rank = 0; rank < ranks; ++rank) {
      const Range share = rank_share(12, rank, ranks);
      EXPECT_EQ(share.first, next);
      EXPECT_LE(std::abs(share.size() - 12 / ranks), 1);
      next = share.last;
    }
    EXPECT_EQ(next, 12);
  }
}

}  // namespace
}  // namespace eoshard::train
