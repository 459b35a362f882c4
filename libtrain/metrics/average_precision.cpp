#include "libtrain/metrics/average_precision.hpp"

#include <algorithm>
#include <numeric>

namespace eoshard::train {

template <class Score>
double average_precision(std::span<const Score> scores, std::span<const std::uint8_t> labels) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t one, std::size_t other) { return scores[one] > scores[other]; });
  const auto support = static_cast<double>(std::count_if(labels.begin(), labels.end(), [](auto l) { return l != 0; }));
  double sum = 0, hits = 0;
  for (std::size_t next = 0; next < order.size();) {
    const Score level = scores[order[next]];
    double hits_here = 0;
    for (; next < order.size() && scores[order[next]] == level; ++next) hits_here += labels[order[next]] != 0 ? 1 : 0;
    hits += hits_here;
    if (hits_here > 0) sum += hits_here / support * (hits / static_cast<double>(next));
  }
  return sum;
}

template <class Score>
AveragePrecision average_precisions(std::span<const Score> scores, std::span<const std::uint8_t> labels,
                                    std::size_t classes) {
  AveragePrecision result;
  result.micro = average_precision(scores, labels);
  const std::size_t samples = classes == 0 ? 0 : scores.size() / classes;
  double sum = 0, weighted = 0, support = 0, present = 0;
  for (std::size_t index = 0; index < classes; ++index) {
    std::vector<Score> own_scores;
    std::vector<std::uint8_t> own_labels;
    for (std::size_t sample = 0; sample < samples; ++sample) {
      own_scores.push_back(scores[sample * classes + index]);
      own_labels.push_back(labels[sample * classes + index] != 0 ? 1 : 0);
    }
    const double one = average_precision(std::span<const Score>(own_scores), std::span<const std::uint8_t>(own_labels));
    const double own_support = std::accumulate(own_labels.begin(), own_labels.end(), 0.0);
    result.per_class.push_back(one);
    sum += one;
    weighted += one * own_support;
    support += own_support;
    present += own_support > 0 ? 1 : 0;
  }
  result.macro = classes == 0 ? 0 : sum / static_cast<double>(classes);
  result.weighted = support == 0 ? 0 : weighted / support;
  result.macro_over_classes_with_support = present == 0 ? 0 : sum / present;
  return result;
}

template double average_precision(std::span<const float>, std::span<const std::uint8_t>);
template double average_precision(std::span<const double>, std::span<const std::uint8_t>);
template AveragePrecision average_precisions(std::span<const float>, std::span<const std::uint8_t>, std::size_t);
template AveragePrecision average_precisions(std::span<const double>, std::span<const std::uint8_t>, std::size_t);

}  // namespace eoshard::train
