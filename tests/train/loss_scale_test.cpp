#include "libtrain/loss/loss_scale.hpp"

#include <gtest/gtest.h>

namespace eoshard::train {
namespace {

TEST(LossScale, FallsAtAnOverflowAndRisesAfterManyGoodSteps) {
  LossScale scale{LossScale::kFirst, 0};
  scale.follow(true);
  EXPECT_EQ(scale.scale, LossScale::kFirst / 2);
  for (std::int64_t step = 1; step < LossScale::kPatience; ++step) scale.follow(false);
  EXPECT_EQ(scale.scale, LossScale::kFirst / 2);
  scale.follow(false);
  EXPECT_EQ(scale.scale, LossScale::kFirst);
  EXPECT_EQ(scale.good_steps, 0);
}

}  // namespace
}  // namespace eoshard::train
