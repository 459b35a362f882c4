// Scores of a split as JSON: what metrics.jsonl and result.json say of them. Pure: from scores and labels to text.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "libtrain/metrics/classification.hpp"

namespace eoshard::train {

/// Everything that a network said of a split, a row of `classes` values a sample, in storage order.
struct ScoreTable {
  bool is_multi_label = true;
  std::size_t classes = 0;
  std::vector<float> scores;         ///< probabilities
  std::vector<std::uint8_t> labels;  ///< multi-hot

  std::size_t samples() const { return classes == 0 ? 0 : labels.size() / classes; }
};

inline constexpr float kDefaultThresholds[] = {0.5F};  ///< one for all classes

/// Counts at these thresholds (one, or one a class; not used for single labels).
ClassificationCounts count_scores(const ScoreTable& table, std::span<const float> thresholds);

/// f1_micro … of docs/metrics.md, for a line of metrics.jsonl.
nlohmann::ordered_json score_summary(const ScoreTable& table, std::span<const float> thresholds);

/// The summary with per_class and the matrix of true and predicted classes, for result.json.
nlohmann::ordered_json score_details(const ScoreTable& table, std::span<const float> thresholds,
                                     std::span<const std::string> class_names);

/// The details of each group of samples, by the group's name. `groups` has one name a sample.
nlohmann::ordered_json scores_by_group(const ScoreTable& table, std::span<const float> thresholds,
                                       std::span<const std::string> class_names, std::span<const std::string> groups);

/// The classes that are predicted for each sample, multi-hot.
std::vector<std::uint8_t> predict(const ScoreTable& table, std::span<const float> thresholds);

}  // namespace eoshard::train
