#include "libtrain/metrics/classification.hpp"

#include <gtest/gtest.h>

#include "libtrain/metrics/average_precision.hpp"
#include "libtrain/metrics/thresholds.hpp"
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

constexpr double kHalf[] = {0.5};
constexpr float kHalfFloat[] = {0.5F};

TEST(Classification, MultiLabelEqualsScikitLearn) {
  EOSHARD_VECTORS_OR_SKIP(vectors, "metrics.json");
  const Json& expected = vectors.at("cases").at(0);
  const auto scores = flatten<double>(expected.at("scores"));
  const auto labels = flatten<std::uint8_t>(expected.at("targets"));
  ClassificationCounts counts(19);
  // In two pieces, as batches come.
  const std::size_t cut = 19 * 77;
  count_multi_label(counts, std::span<const double>(scores).first(cut),
                    std::span<const std::uint8_t>(labels).first(cut), std::span<const double>(kHalf));
  count_multi_label(counts, std::span<const double>(scores).subspan(cut),
                    std::span<const std::uint8_t>(labels).subspan(cut), std::span<const double>(kHalf));
  const ClassificationScores result = score(counts);
  expect_average(result.micro, expected.at("micro"));
  expect_average(result.macro, expected.at("macro"));
  expect_classes(counts, result, expected.at("per_class"));
  expect_average(result.weighted, expected.at("weighted"));
  expect_average(result.samples, expected.at("samples"));
  EXPECT_NEAR(result.accuracy, expected.at("subset_accuracy").get<double>(), 1e-12);
  EXPECT_NEAR(result.hamming_loss, expected.at("hamming_loss").get<double>(), 1e-12);
  for (std::size_t index = 0; index < 19; ++index) {
    EXPECT_EQ(counts.classes[index].predicted, expected.at("per_class").at("predicted")[index].get<std::uint64_t>());
  }
  const AveragePrecision precision =
      average_precisions(std::span<const double>(scores), std::span<const std::uint8_t>(labels), 19);
  const Json& theirs = expected.at("average_precision");
  EXPECT_NEAR(precision.micro, theirs.at("micro").get<double>(), 1e-12);
  EXPECT_NEAR(precision.macro, theirs.at("macro").get<double>(), 1e-12);
  EXPECT_NEAR(precision.weighted, theirs.at("weighted").get<double>(), 1e-12);
  EXPECT_NEAR(precision.macro_over_classes_with_support, theirs.at("macro_over_classes_with_positives").get<double>(),
              1e-12);
  for (std::size_t index = 0; index < 19; ++index) {
    const double one = expected.at("per_class").at("average_precision")[index];
    EXPECT_NEAR(precision.per_class[index], one, 1e-12) << index;
  }
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
  expect_average(result.weighted, expected.at("weighted"));
  EXPECT_NEAR(result.accuracy, expected.at("accuracy").get<double>(), 1e-12);
  EXPECT_NEAR(result.balanced_accuracy, expected.at("balanced_accuracy").get<double>(), 1e-12);
  EXPECT_NEAR(result.kappa, expected.at("kappa").get<double>(), 1e-12);
  EXPECT_EQ(counts.together, flatten<std::uint64_t>(expected.at("confusion_rows_are_truth")));
}

TEST(Classification, ByHand) {
  ClassificationCounts counts(2);
  const std::vector<float> scores = {0.9F, 0.1F, 0.5F, 0.7F, 0.2F, 0.3F};  // predicted: {0}, {0, 1}, {}
  const std::vector<std::uint8_t> labels = {1, 0, 0, 1, 1, 0};             // true: {0}, {1}, {0}
  count_multi_label(counts, std::span<const float>(scores), std::span<const std::uint8_t>(labels),
                    std::span<const float>(kHalfFloat));
  const ClassificationScores result = score(counts);
  EXPECT_DOUBLE_EQ(result.per_class[0].f1, 0.5);
  EXPECT_DOUBLE_EQ(result.per_class[1].f1, 1.0);
  EXPECT_DOUBLE_EQ(result.micro.f1, 2.0 / 3);
  EXPECT_DOUBLE_EQ(result.macro.f1, 0.75);
  EXPECT_DOUBLE_EQ(result.accuracy, 1.0 / 3);
}

TEST(Thresholds, AreFoundForAllClassesOrEach) {
  // Class 0 is told apart at 0.3, class 1 at 0.8.
  const std::vector<float> scores = {0.35F, 0.75F, 0.9F, 0.85F, 0.25F, 0.9F, 0.2F, 0.7F};
  const std::vector<std::uint8_t> labels = {1, 0, 1, 1, 0, 1, 0, 0};
  const std::vector<float> each = find_thresholds(scores, labels, 2, true);
  ASSERT_EQ(each.size(), 2u);
  EXPECT_FLOAT_EQ(each[0], 0.35F);
  EXPECT_FLOAT_EQ(each[1], 0.76F);
  ClassificationCounts counts(2);
  count_multi_label(counts, std::span<const float>(scores), std::span<const std::uint8_t>(labels),
                    std::span<const float>(each));
  EXPECT_DOUBLE_EQ(score(counts).micro.f1, 1);
  EXPECT_EQ(find_thresholds(scores, labels, 2, false).size(), 1u);
}

TEST(Classification, NothingGivesZeroes) {
  EXPECT_EQ(score(ClassificationCounts(3)).macro.f1, 0);
  EXPECT_EQ(score(ClassificationCounts(0)).micro.f1, 0);
}

}  // namespace
}  // namespace eoshard::train
