#include "libingest/core/counter_random.hpp"

#include <gtest/gtest.h>

#include <set>

namespace eoshard {
namespace {

using Words = std::array<std::uint32_t, 4>;

// Known answers of the Random123 distribution (kat_vectors, philox4x32 10 rounds).
TEST(Philox, MatchesKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomUnit, LiesInUnitIntervalWithTheRightMean) {
  double sum = 0;
  for (std::uint64_t draw = 0; draw < 10000; ++draw) {
    const double value = random_unit(7, 3, draw);
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    sum += value;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.015);  // five standard errors
}

TEST(RandomBits, DependOnEveryArgument) {
  const std::set<std::uint64_t> draws = {random_bits(1, 2, 3),          random_bits(2, 2, 3),
                                         random_bits(1, 3, 3),          random_bits(1, 2, 4),
                                         random_bits(1, 2, 3ULL << 32), random_bits(1ULL << 32, 2, 3)};
  EXPECT_EQ(draws.size(), 6u);
}

}  // namespace
}  // namespace eoshard
