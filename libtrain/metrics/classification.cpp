#include "libtrain/metrics/classification.hpp"

#include <algorithm>

namespace eoshard::train {
namespace {

// Adds one sample; is_predicted(class) says what the classifier claims.
template <class IsPredicted>
void count_sample(ClassificationCounts& counts, const std::uint8_t* labels, IsPredicted&& is_predicted) {
  bool is_exact = true;
  for (std::size_t index = 0; index < counts.classes.size(); ++index) {
    const bool is_true = labels[index] != 0, is_claimed = is_predicted(index);
    ClassCounts& one = counts.classes[index];
    one.support += is_true ? 1 : 0;
    one.predicted += is_claimed ? 1 : 0;
    one.true_positive += is_true && is_claimed ? 1 : 0;
    is_exact = is_exact && is_true == is_claimed;
  }
  counts.exact += is_exact ? 1 : 0;
  ++counts.samples;
}

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

PrecisionRecall score_class(const ClassCounts& counts) {
  return {ratio(counts.true_positive, counts.predicted), ratio(counts.true_positive, counts.support),
          ratio(2 * counts.true_positive, counts.predicted + counts.support)};
}

PrecisionRecall micro_average(const std::vector<ClassCounts>& classes) {
  ClassCounts all;
  for (const ClassCounts& one : classes) {
    all.true_positive += one.true_positive;
    all.predicted += one.predicted;
    all.support += one.support;
  }
  return score_class(all);
}

PrecisionRecall macro_average(const std::vector<PrecisionRecall>& classes) {
  PrecisionRecall sum;
  for (const PrecisionRecall& one : classes) {
    sum.precision += one.precision;
    sum.recall += one.recall;
    sum.f1 += one.f1;
  }
  const double count = std::max(1.0, static_cast<double>(classes.size()));
  return {sum.precision / count, sum.recall / count, sum.f1 / count};
}

}  // namespace

template <class Score>
void count_multi_label(ClassificationCounts& counts, std::span<const Score> scores,
                       std::span<const std::uint8_t> labels, Score threshold) {
  const std::size_t classes = counts.classes.size();
  for (std::size_t row = 0; row + classes <= scores.size(); row += classes) {
    count_sample(counts, labels.data() + row, [&](std::size_t index) { return scores[row + index] >= threshold; });
  }
}

template <class Score>
void count_single_label(ClassificationCounts& counts, std::span<const Score> scores,
                        std::span<const std::uint8_t> labels) {
  const std::size_t classes = counts.classes.size();
  for (std::size_t row = 0; row + classes <= scores.size(); row += classes) {
    const auto begin = scores.begin() + static_cast<std::ptrdiff_t>(row);
    const auto best =
        static_cast<std::size_t>(std::max_element(begin, begin + static_cast<std::ptrdiff_t>(classes)) - begin);
    count_sample(counts, labels.data() + row, [&](std::size_t index) { return index == best; });
  }
}

template void count_multi_label(ClassificationCounts&, std::span<const float>, std::span<const std::uint8_t>, float);
template void count_multi_label(ClassificationCounts&, std::span<const double>, std::span<const std::uint8_t>, double);
template void count_single_label(ClassificationCounts&, std::span<const float>, std::span<const std::uint8_t>);
template void count_single_label(ClassificationCounts&, std::span<const double>, std::span<const std::uint8_t>);

void sum_over_ranks(ClassificationCounts& counts, const Communicator& world) {
  std::vector<std::uint64_t> values = {counts.samples, counts.exact};
  for (const ClassCounts& one : counts.classes) {
    values.insert(values.end(), {one.true_positive, one.predicted, one.support});
  }
  world.sum(std::span(values));
  counts.samples = values[0];
  counts.exact = values[1];
  for (std::size_t index = 0; index < counts.classes.size(); ++index) {
    const std::uint64_t* one = values.data() + 2 + 3 * index;
    counts.classes[index] = {one[0], one[1], one[2]};
  }
}

ClassificationScores score(const ClassificationCounts& counts) {
  ClassificationScores scores;
  for (const ClassCounts& one : counts.classes) scores.per_class.push_back(score_class(one));
  scores.micro = micro_average(counts.classes);
  scores.macro = macro_average(scores.per_class);
  scores.accuracy = ratio(counts.exact, counts.samples);
  return scores;
}

}  // namespace eoshard::train
