#include "libingest/select/split_rule.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

TEST(SplitRule, SharesAreKeptWithinChance) {
  const SplitRule rule = parse_split_rule("random:70/15/15", 0);
  std::array<int, 3> counts{};
  for (int column = 0; column < 91; ++column) {
    for (int row = 0; row < 91; ++row) {
      const GroundSquare square{32632, 300000 + column * kPatchSizeM, 5500020 - row * kPatchSizeM};
      ++counts[static_cast<std::size_t>(split_of(square, rule))];
    }
  }
  EXPECT_NEAR(counts[0] / 8281.0, 0.70, 0.025);  // five standard deviations
  EXPECT_NEAR(counts[1] / 8281.0, 0.15, 0.02);
}

TEST(SplitRule, DependsOnSquareAndSeedOnly) {
  const SplitRule rule = parse_split_rule("random:34/33/33", 5);
  int differing = 0;
  for (int column = 0; column < 200; ++column) {
    const GroundSquare square{32632, 300000 + column * kPatchSizeM, 5500020};
    EXPECT_EQ(split_of(square, rule), split_of(square, rule));
    differing += split_of(square, rule) != split_of(square, parse_split_rule("random:34/33/33", 6));
  }
  EXPECT_GT(differing, 80);
}

TEST(SplitRule, AllOfOneSplitLeavesTheOthersEmpty) {
  const SplitRule rule = parse_split_rule("random:0/0/100", 0);
  for (int column = 0; column < 50; ++column) EXPECT_EQ(split_of({32632, column * 1200, 0}, rule), 2);
}

TEST(SplitRule, MisuseIsRefused) {
  for (const char* text :
       {"random", "random:70/15", "random:70/15/16", "random:-5/50/55", "random:70/15/15x", "rings"}) {
    EXPECT_THROW(parse_split_rule(text, 0), Error) << text;
  }
}

}  // namespace
}  // namespace eoshard::ingest
