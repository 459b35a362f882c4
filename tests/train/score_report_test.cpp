#include "libtrain/score_report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace eoshard::train {
namespace {

constexpr float kThreshold[] = {0.5F};

TEST(ScoreReport, GroupsAddUpToTheWhole) {
  const ScoreTable table{true, 2, {0.9F, 0.1F, 0.2F, 0.8F, 0.7F, 0.6F}, {1, 0, 0, 1, 0, 1}};
  const std::vector<std::string> groups = {"summer", "winter", "summer"};
  const std::vector<std::string> names = {"a", "b"};
  const auto json = scores_by_group(table, kThreshold, names, groups);
  EXPECT_EQ(json.at("summer").at("samples"), 2);
  EXPECT_DOUBLE_EQ(json.at("winter").at("f1_micro"), 1);
  EXPECT_DOUBLE_EQ(json.at("summer").at("f1_micro"), 0.8);  // 2 hits, 3 predicted, 2 true
  EXPECT_EQ(json.at("summer").at("per_class").at(0).at("predicted"), 2);
  EXPECT_EQ(json.at("winter").at("true_and_predicted").dump(), "[[0,0],[0,1]]");
}

TEST(ScoreReport, OneLabelASampleHasAConfusionMatrix) {
  const ScoreTable table{false, 3, {0.5F, 0.3F, 0.2F, 0.1F, 0.2F, 0.7F}, {1, 0, 0, 0, 1, 0}};
  const std::vector<std::string> names = {"a", "b", "c"};
  const auto json = score_details(table, kThreshold, names);
  EXPECT_EQ(json.at("true_and_predicted").dump(), "[[1,0,0],[0,0,1],[0,0,0]]");
  EXPECT_DOUBLE_EQ(json.at("accuracy"), 0.5);
  EXPECT_EQ(json.at("per_class").at(1).at("support"), 1);
  EXPECT_EQ(predict(table, kThreshold), (std::vector<std::uint8_t>{1, 0, 0, 0, 0, 1}));
}

}  // namespace
}  // namespace eoshard::train
