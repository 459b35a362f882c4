#include "libtrain/score_report.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "libtrain/metrics/average_precision.hpp"

namespace eoshard::train {
namespace {

using Json = nlohmann::ordered_json;

void add_average(Json& json, const std::string& name, const PrecisionRecall& scores) {
  json["f1_" + name] = scores.f1;
  json["precision_" + name] = scores.precision;
  json["recall_" + name] = scores.recall;
}

AveragePrecision precision_of(const ScoreTable& table) {
  return average_precisions(std::span<const float>(table.scores), std::span<const std::uint8_t>(table.labels),
                            table.classes);
}

Json summary_of(const ScoreTable& table, const ClassificationScores& scores, const AveragePrecision& precision) {
  Json json;
  add_average(json, "micro", scores.micro);
  add_average(json, "macro", scores.macro);
  add_average(json, "weighted", scores.weighted);
  if (table.is_multi_label) add_average(json, "samples", scores.samples);
  json["average_precision_micro"] = precision.micro;
  json["average_precision_macro"] = precision.macro;
  json["average_precision_weighted"] = precision.weighted;
  json["accuracy"] = scores.accuracy;
  if (table.is_multi_label) {
    json["hamming_loss"] = scores.hamming_loss;
  } else {
    json["balanced_accuracy"] = scores.balanced_accuracy;
    json["kappa"] = scores.kappa;
  }
  return json;
}

Json class_rows(const ClassificationCounts& counts, const ClassificationScores& scores,
                const AveragePrecision& precision, std::span<const std::string> names) {
  Json rows = Json::array();
  for (std::size_t index = 0; index < names.size(); ++index) {
    const PrecisionRecall& one = scores.per_class[index];
    rows.push_back({{"name", names[index]},
                    {"precision", one.precision},
                    {"recall", one.recall},
                    {"f1", one.f1},
                    {"average_precision", precision.per_class[index]},
                    {"support", counts.classes[index].support},
                    {"predicted", counts.classes[index].predicted}});
  }
  return rows;
}

Json matrix_rows(const ClassificationCounts& counts) {
  const std::size_t classes = counts.classes.size();
  Json rows = Json::array();
  for (std::size_t truth = 0; truth < classes; ++truth) {
    const auto first = counts.together.begin() + static_cast<std::ptrdiff_t>(truth * classes);
    rows.push_back(std::vector<std::uint64_t>(first, first + static_cast<std::ptrdiff_t>(classes)));
  }
  return rows;
}

void append_row(ScoreTable& to, const ScoreTable& from, std::size_t sample) {
  const auto first = static_cast<std::ptrdiff_t>(sample * from.classes);
  const auto last = first + static_cast<std::ptrdiff_t>(from.classes);
  to.scores.insert(to.scores.end(), from.scores.begin() + first, from.scores.begin() + last);
  to.labels.insert(to.labels.end(), from.labels.begin() + first, from.labels.begin() + last);
}

}  // namespace

ClassificationCounts count_scores(const ScoreTable& table, std::span<const float> thresholds) {
  ClassificationCounts counts(table.classes);
  const std::span<const float> scores(table.scores);
  const std::span<const std::uint8_t> labels(table.labels);
  if (table.is_multi_label) {
    count_multi_label(counts, scores, labels, thresholds);
  } else {
    count_single_label(counts, scores, labels);
  }
  return counts;
}

Json score_summary(const ScoreTable& table, std::span<const float> thresholds) {
  return summary_of(table, score(count_scores(table, thresholds)), precision_of(table));
}

Json score_details(const ScoreTable& table, std::span<const float> thresholds,
                   std::span<const std::string> class_names) {
  const ClassificationCounts counts = count_scores(table, thresholds);
  const ClassificationScores scores = score(counts);
  const AveragePrecision precision = precision_of(table);
  Json json = summary_of(table, scores, precision);
  json["per_class"] = class_rows(counts, scores, precision, class_names);
  json["true_and_predicted"] = matrix_rows(counts);
  return json;
}

Json scores_by_group(const ScoreTable& table, std::span<const float> thresholds,
                     std::span<const std::string> class_names, std::span<const std::string> groups) {
  std::map<std::string, ScoreTable> parts;
  for (std::size_t sample = 0; sample < groups.size(); ++sample) {
    ScoreTable& part =
        parts.try_emplace(groups[sample], ScoreTable{table.is_multi_label, table.classes, {}, {}}).first->second;
    append_row(part, table, sample);
  }
  Json json = Json::object();
  for (const auto& [name, part] : parts) {
    json[name] = {{"samples", part.samples()}};
    json[name].update(score_details(part, thresholds, class_names));
  }
  return json;
}

std::vector<std::uint8_t> predict(const ScoreTable& table, std::span<const float> thresholds) {
  std::vector<std::uint8_t> predicted(table.scores.size(), 0);
  for (std::size_t sample = 0; sample < table.samples(); ++sample) {
    const float* row = table.scores.data() + sample * table.classes;
    std::uint8_t* to = predicted.data() + sample * table.classes;
    if (table.is_multi_label) {
      for (std::size_t index = 0; index < table.classes; ++index) {
        to[index] = row[index] >= thresholds[thresholds.size() == 1 ? 0 : index] ? 1 : 0;
      }
    } else {
      to[std::max_element(row, row + table.classes) - row] = 1;
    }
  }
  return predicted;
}

}  // namespace eoshard::train
