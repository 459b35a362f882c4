#include "libtrain/metrics/thresholds.hpp"

#include <array>
#include <cmath>

namespace eoshard::train {
namespace {

constexpr int kSteps = 100;  // thresholds are multiples of 1 / kSteps

float threshold_at(int step) { return static_cast<float>(step) / static_cast<float>(kSteps); }

// Of the decisions that the threshold of each step makes positive.
struct Tally {
  std::array<double, kSteps> predicted{}, hits{};
  double support = 0;

  void add(float score, bool is_true) {
    for (int step = 1; step < kSteps && score >= threshold_at(step); ++step) {
      predicted[static_cast<std::size_t>(step)] += 1;
      hits[static_cast<std::size_t>(step)] += is_true ? 1 : 0;
    }
    support += is_true ? 1 : 0;
  }

  double f1(int step) const {
    const auto place = static_cast<std::size_t>(step);
    const double whole = predicted[place] + support;
    return whole == 0 ? 0 : 2 * hits[place] / whole;
  }

  float best() const {
    int best = kSteps / 2;
    for (int distance = 1; distance < kSteps / 2; ++distance) {
      for (const int step : {kSteps / 2 - distance, kSteps / 2 + distance}) {
        if (f1(step) > f1(best)) best = step;
      }
    }
    return threshold_at(best);
  }
};

}  // namespace

std::vector<float> find_thresholds(std::span<const float> scores, std::span<const std::uint8_t> labels,
                                   std::size_t classes, bool is_per_class) {
  std::vector<Tally> tallies(is_per_class ? classes : 1);
  for (std::size_t index = 0; index < scores.size(); ++index) {
    tallies[is_per_class ? index % classes : 0].add(scores[index], labels[index] != 0);
  }
  std::vector<float> thresholds;
  for (const Tally& tally : tallies) thresholds.push_back(tally.best());
  return thresholds;
}

std::vector<double> threshold_values(std::span<const float> thresholds) {
  std::vector<double> values;
  for (const float threshold : thresholds) values.push_back(std::round(double{threshold} * kSteps) / kSteps);
  return values;
}

}  // namespace eoshard::train
