#include "libtrain/metrics/classification.hpp"

#include <gtest/gtest.h>

#include "tests/support/shared_vectors.hpp"

namespace eoshard::train {
namespace {

using Json = nlohmann::json;

template <class Value>
std::vector<Value> flatten(const Json& rows) {
  std::vector<Value> all;
  for (const Json& row : rows) {
    for (const Json& value : row) all.push_back(value.get<Value>());
  }
  return all;
}

void expect_average(const PrecisionRecall& ours, const Json& theirs) {
  EXPECT_NEAR(ours.precision, theirs.at("precision").get<double>(), 1e-12);
  EXPECT_NEAR(ours.recall, theirs.at("recall").get<double>(), 1e-12);
  EXPECT_NEAR(ours.f1, theirs.at("f1").get<double>(), 1e-12);
}

void expect_classes(const ClassificationCounts& counts, const ClassificationScores& scores, const Json& theirs) {
  for (std::size_t index = 0; index < counts.classes.size(); ++index) {
    EXPECT_NEAR(scores.per_class[index].precision, theirs.at("precision")[index].get<double>(), 1e-12);
    EXPECT_NEAR(scores.per_class[index].recall, theirs.at("recall")[index].get<double>(), 1e-12);
    EXPECT_NEAR(scores.per_class[index].f1, theirs.at("f1")[index].get<double>(), 1e-12);
    EXPECT_EQ(counts.classes[index].support, theirs.at("support")[index].get<std::uint64_t>());
  }
}

TEST(Classification, MultiLabelEqualsScikitLearn) {
  EOSHARD_VECTORS_OR_SKIP(vectors, "metrics.json");
  const Json& expected = vectors.at("cases").at(0);
  const auto scores = flatten<double>(expected.at("scores"));
  const auto labels = flatten<std::uint8_t>(expected.at("targets"));
  ClassificationCounts counts(19);
  // In two pieces, as batches come.
  const std::size_t cut = 19 * 77;
  count_multi_label(counts, std::span<const double>(scores).first(cut),
                    std::span<const std::uint8_t>(labels).first(cut), 0.5);
  count_multi_label(counts, std::span<const double>(scores).subspan(cut),
                    std::span<const std::uint8_t>(labels).subspan(cut), 0.5);
  const ClassificationScores result = score(counts);
  expect_average(result.micro, expected.at("micro"));
  expect_average(result.macro, expected.at("macro"));
  expect_classes(counts, result, expected.at("per_class"));
  EXPECT_NEAR(result.accuracy, expected.at("subset_accuracy").get<double>(), 1e-12);
}

TEST(Classification, SingleLabelEqualsScikitLearn) {
  EOSHARD_VECTORS_OR_SKIP(vectors, "metrics.json");
  const Json& expected = vectors.at("cases").at(1);
  const auto logits = flatten<double>(expected.at("logits"));
  std::vector<std::uint8_t> labels;
  for (const Json& target : expected.at("targets")) {
    for (std::size_t index = 0; index < 6; ++index) labels.push_back(index == target.get<std::size_t>() ? 1 : 0);
  }
  ClassificationCounts counts(6);
  count_single_label(counts, std::span<const double>(logits), std::span<const std::uint8_t>(labels));
  const ClassificationScores result = score(counts);
  expect_average(result.micro, expected.at("micro"));
  expect_average(result.macro, expected.at("macro"));
  expect_classes(counts, result, expected.at("per_class"));
  EXPECT_NEAR(result.accuracy, expected.at("accuracy").get<double>(), 1e-12);
}

TEST(Classification, ByHand) {
  ClassificationCounts counts(2);
  const std::vector<float> scores = {0.9F, 0.1F, 0.5F, 0.7F, 0.2F, 0.3F};  // predicted: {0}, {0, 1}, {}
  const std::vector<std::uint8_t> labels = {1, 0, 0, 1, 1, 0};             // true: {0}, {1}, {0}
  count_multi_label(counts, std::span<const float>(scores), std::span<const std::uint8_t>(labels), 0.5F);
  const ClassificationScores result = score(counts);
  EXPECT_DOUBLE_EQ(result.per_class[0].f1, 0.5);
  EXPECT_DOUBLE_EQ(result.per_class[1].f1, 1.0);
  EXPECT_DOUBLE_EQ(result.micro.f1, 2.0 / 3);
  EXPECT_DOUBLE_EQ(result.macro.f1, 0.75);
  EXPECT_DOUBLE_EQ(result.accuracy, 1.0 / 3);
}

TEST(Classification, NothingGivesZeroes) {
  EXPECT_EQ(score(ClassificationCounts(3)).macro.f1, 0);
  EXPECT_EQ(score(ClassificationCounts(0)).micro.f1, 0);
}

}  // namespace
}  // namespace eoshard::train
