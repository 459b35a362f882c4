#include "libtrain/core/train_options.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"

namespace eoshard::train {
namespace {

std::string error_of(const std::function<void()>& work) {
  try {
    work();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(TrainOptions, JsonRoundTripKeepsEverything) {
  TrainOptions options;
  options.bands = {"B04", "B03"};
  options.milestones = {1.5, 2};
  options.nesterov = false;
  options.learning_rate = 0.1 + 0.2;
  EXPECT_EQ(options_from_json(options_to_json(options)), options);
}

TEST(TrainOptions, AnUnknownKeyIsNamed) {
  const std::string error = error_of([] { options_from_json(R"({"epochz": 3})"); });
  EXPECT_NE(error.find("'epochz'; the nearest is 'epochs'"), std::string::npos) << error;
  EXPECT_NE(error_of([] { options_from_json(R"({"epochs": "three"})"); }).find("epochs"), std::string::npos);
}

TEST(TrainOptions, BatchSizesByEpochAreTextInJson) {
  TrainOptions options;
  options.batch_size = EpochValues::parse("16,3:64");
  EXPECT_NE(options_to_json(options).find("\"16,3:64\""), std::string::npos);
  EXPECT_EQ(options_from_json(options_to_json(options)), options);
  EXPECT_EQ(resolve_options(options).micro_batch_size, EpochValues::parse("16,3:32"));
  options.micro_batch_size = EpochValues::parse("16,2:48");
  EXPECT_NE(error_of([&] { resolve_options(options); }).find("16 is not a multiple of --micro-batch-size 48"),
            std::string::npos);
}

TEST(TrainOptions, AnOptimizerBringsItsOwnDefaults) {
  TrainOptions options;
  options.optimizer = "lamb";
  EXPECT_EQ(resolve_options(options).clip_gradient_norm, 1);
  EXPECT_EQ(resolve_options(options).epsilon, 1e-6);
  options.clip_gradient_norm = 0;
  EXPECT_EQ(resolve_options(options).clip_gradient_norm, 0);
  options.optimizer = "novograd";
  EXPECT_EQ(resolve_options(options).beta1, 0.95);
}

TEST(TrainOptions, TheDefaultMicroBatchIsTheLargestDivisorUpTo32) {
  const auto resolved = [](std::int64_t batch) {
    TrainOptions options;
    options.batch_size = batch;
    return resolve_options(options).micro_batch_size;
  };
  EXPECT_EQ(resolved(16), 16);
  EXPECT_EQ(resolved(512), 32);
  EXPECT_EQ(resolved(90), 30);
  EXPECT_EQ(resolved(37), 1);
}

TEST(TrainOptions, ABatchThatIsNoMultipleIsRefused) {
  TrainOptions options;
  options.batch_size = 20;
  options.micro_batch_size = 8;
  EXPECT_NE(error_of([&] { resolve_options(options); }).find("multiple"), std::string::npos);
}

TEST(TrainOptions, LocalStepsAreByEpoch) {
  TrainOptions options;
  options.local_steps = EpochValues::parse("1,20:8");
  EXPECT_EQ(resolve_options(options).local_steps.at(20), 8);
  options.precision = "fp16";
  EXPECT_NE(error_of([&] { resolve_options(options); }).find("bf16 or fp32"), std::string::npos);
  options.local_steps = EpochValues::parse("1,20:0");
  EXPECT_NE(error_of([&] { resolve_options(options); }).find("at least 1"), std::string::npos);
}

TEST(TrainOptions, OnlyWhatIsComputedCountsAsTheExperiment) {
  TrainOptions one, other;
  other.threads = 7;
  other.out = "elsewhere";
  EXPECT_EQ(first_difference(one, other), "");
  EXPECT_EQ(experiment_hash(one), experiment_hash(other));
  other.momentum = 0.5;
  EXPECT_EQ(first_difference(one, other), "momentum: 0.9 there, 0.5 here");
  EXPECT_NE(experiment_hash(one), experiment_hash(other));
  EXPECT_EQ(first_other_field(one, other), R"(out: "" there, "elsewhere" here)");
  EXPECT_EQ(first_other_field(other, other), "");
}

TEST(TrainOptions, GivenFlagsWinOverAConfiguration) {
  TrainOptions base, flags;
  base.epochs = 9;
  base.seed = 4;
  flags.epochs = 2;
  flags.seed = 1;
  const TrainOptions result = overlay_options(base, flags, {"seed"});
  EXPECT_EQ(result.epochs, 9);
  EXPECT_EQ(result.seed, 1u);
}

}  // namespace
}  // namespace eoshard::train
