#include "libtrain/optim/schedule.hpp"

#include <gtest/gtest.h>

#include "tests/support/shared_vectors.hpp"

namespace eoshard::train {
namespace {

Schedule schedule_of(const nlohmann::json& entry) {
  const std::string name = entry.at("name");
  const auto& settings = entry.at("settings");
  Schedule schedule;
  schedule.decay = name.find("multistep") != std::string::npos    ? Decay::multistep
                   : name.find("polynomial") != std::string::npos ? Decay::polynomial
                                                                  : Decay::cosine;
  schedule.base_rate = settings.at("base_lr");
  schedule.warmup_start_rate = settings.at("warmup_start_lr");
  schedule.warmup_epochs = settings.at("warmup_epochs");
  schedule.epochs = settings.at("epochs");
  schedule.milestones = settings.value("milestones", std::vector<double>());
  schedule.gamma = settings.value("gamma", 0.1);
  schedule.power = settings.value("power", 1.0);
  schedule.end_rate = settings.value("end_lr", 0.0);
  return schedule;
}

// Every reference schedule of torch, and timm's where it means the same.
TEST(Schedule, EqualsTorch) {
  EOSHARD_VECTORS_OR_SKIP(vectors, "schedules.json");
  int checked = 0;
  for (const auto& entry : vectors.at("schedules")) {
    const bool is_prefixed = entry.at("settings").value("warmup_prefix", false);
    if (entry.at("library") != "torch" && !is_prefixed) continue;
    ++checked;
    const Schedule schedule = schedule_of(entry);
    for (std::size_t step = 0; step < entry.at("lr").size(); ++step) {
      EXPECT_NEAR(learning_rate(schedule, static_cast<std::int64_t>(step)), entry.at("lr")[step].get<double>(), 1e-12)
          << entry.at("name") << " step " << step;
    }
  }
  EXPECT_EQ(checked, 5);
}

TEST(Schedule, RisesPerStepAndDropsAtTheFirstStepOfAnEpoch) {
  Schedule schedule;
  schedule.base_rate = 0.4;
  schedule.warmup_start_rate = 0;
  schedule.warmup_epochs = 2;
  schedule.milestones = {3};
  schedule.gamma = 0.5;
  schedule.clock = EpochClock({{0, 10, 1}});
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 5), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 20), 0.4);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 29), 0.4);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 30), 0.2);
}

TEST(Schedule, ALongWarmupLeavesNothingToDecay) {
  Schedule schedule;
  schedule.decay = Decay::cosine;
  schedule.warmup_epochs = 5;
  schedule.epochs = 4;
  schedule.end_rate = 0.001;
  EXPECT_NEAR(learning_rate(schedule, 4), 0.01 + 4 * 0.09 / 5, 1e-15);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 5), 0.001);
}

TEST(Schedule, PhasesOfOtherLengthsKeepTime) {
  const EpochClock clock({{0, 10, 1}, {3, 4, 2}});
  EXPECT_DOUBLE_EQ(clock.epoch_of(29), 2.9);
  EXPECT_DOUBLE_EQ(clock.epoch_of(30), 3);
  EXPECT_DOUBLE_EQ(clock.epoch_of(33), 3.75);
  EXPECT_EQ(clock.first_step_of(2), 20);
  EXPECT_EQ(clock.first_step_of(5), 38);
  Schedule schedule;
  schedule.decay = Decay::constant;
  schedule.clock = clock;
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 29), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 30), 0.2);
}

TEST(Schedule, ScalingRules) {
  EXPECT_DOUBLE_EQ(rate_scale("none", 16), 1);
  EXPECT_DOUBLE_EQ(rate_scale("linear", 16), 16);
  EXPECT_DOUBLE_EQ(rate_scale("sqrt", 16), 4);
  EXPECT_ANY_THROW(rate_scale("cubic", 16));
}

}  // namespace
}  // namespace eoshard::train
