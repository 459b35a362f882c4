#include "libtrain/optim/schedule.hpp"

#include <gtest/gtest.h>

#include "tests/support/shared_vectors.hpp"

namespace eoshard::train {
namespace {

TEST(Schedule, WarmupAndMultistepEqualTorch) {
  EOSHARD_VECTORS_OR_SKIP(vectors, "schedules.json");
  int checked = 0;
  for (const auto& entry : vectors.at("schedules")) {
    if (entry.at("name") != "warmup+multistep/torch") continue;
    const auto& settings = entry.at("settings");
    const Schedule schedule{settings.at("base_lr"),    settings.at("warmup_start_lr"), settings.at("warmup_epochs"),
                            settings.at("milestones"), settings.at("gamma"),           1};
    for (std::size_t step = 0; step < entry.at("lr").size(); ++step, ++checked) {
      EXPECT_NEAR(learning_rate(schedule, static_cast<std::int64_t>(step)), entry.at("lr")[step].get<double>(), 1e-12);
    }
  }
  EXPECT_EQ(checked, 100);
}

TEST(Schedule, RisesPerStepAndDropsAtTheFirstStepOfAnEpoch) {
  const Schedule schedule{0.4, 0.0, 2, {3}, 0.5, 10};
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 5), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 20), 0.4);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 29), 0.4);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 30), 0.2);
}

}  // namespace
}  // namespace eoshard::train
