#include "libtrain/data/mix_up.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace eoshard::train {
namespace {

std::vector<std::int64_t> first_samples(std::int64_t count) {
  std::vector<std::int64_t> samples(static_cast<std::size_t>(count));
  std::iota(samples.begin(), samples.end(), std::int64_t{0});
  return samples;
}

TEST(MixUp, PartnersAreAPermutationThatChangesWithEverything) {
  const auto samples = first_samples(32);
  const Mixing mixing = draw_mixing(0.2, 1, 0, samples);
  std::vector<std::int64_t> sorted = mixing.partners;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, samples);
  EXPECT_EQ(mixing.partners, draw_mixing(0.2, 1, 0, samples).partners);
  EXPECT_EQ(mixing.shares, draw_mixing(0.2, 1, 0, samples).shares);
  EXPECT_NE(mixing.partners, draw_mixing(0.2, 1, 1, samples).partners);
  EXPECT_NE(mixing.partners, draw_mixing(0.2, 2, 0, samples).partners);
}

// A share belongs to its sample, wherever the sample lies in a micro-batch.
TEST(MixUp, SharesFollowTheSample) {
  const Mixing one = draw_mixing(0.4, 7, 3, std::vector<std::int64_t>{5, 9});
  const Mixing other = draw_mixing(0.4, 7, 3, std::vector<std::int64_t>{9, 1, 5});
  EXPECT_EQ(one.shares[0], other.shares[2]);
  EXPECT_EQ(one.shares[1], other.shares[0]);
}

// Mean 1/2 and variance 1 / (4 (2α + 1)), to five standard errors of 20,000 draws.
TEST(MixUp, SharesAreBetaDistributed) {
  for (const double alpha : {0.1, 0.2, 1.0, 4.0}) {
    const Mixing mixing = draw_mixing(alpha, 11, 0, first_samples(20000));
    double sum = 0, squares = 0, below = 0;
    for (const float share : mixing.shares) {
      ASSERT_GE(share, 0);
      ASSERT_LE(share, 1);
      sum += share;
      squares += (share - 0.5) * (share - 0.5);
      below += share < 0.25 ? 1 : 0;
    }
    const double variance = 1 / (4 * (2 * alpha + 1));
    EXPECT_NEAR(sum / 20000, 0.5, 5 * std::sqrt(variance / 20000));
    EXPECT_NEAR(squares / 20000, variance, 0.01);
    if (alpha == 1.0) {
      EXPECT_NEAR(below / 20000, 0.25, 0.02);
    }
  }
}

}  // namespace
}  // namespace eoshard::train
