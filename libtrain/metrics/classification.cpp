#include "libtrain/metrics/classification.hpp"

#include <algorithm>

namespace eoshard::train {
namespace {

double ratio(double part, double whole) { return whole == 0 ? 0.0 : part / whole; }

PrecisionRecall score_class(const ClassCounts& counts) {
  const auto hits = static_cast<double>(counts.true_positive), predicted = static_cast<double>(counts.predicted),
             support = static_cast<double>(counts.support);
  return {ratio(hits, predicted), ratio(hits, support), ratio(2 * hits, predicted + support)};
}

void add(PrecisionRecall& to, const PrecisionRecall& one, double weight = 1) {
  to.precision += weight * one.precision;
  to.recall += weight * one.recall;
  to.f1 += weight * one.f1;
}

PrecisionRecall divided(const PrecisionRecall& sum, double count) {
  return {ratio(sum.precision, count), ratio(sum.recall, count), ratio(sum.f1, count)};
}

void count_together(ClassificationCounts& counts, const std::uint8_t* labels,
                    const std::vector<std::uint8_t>& predicted) {
  const std::size_t classes = counts.classes.size();
  for (std::size_t truth = 0; truth < classes; ++truth) {
    if (labels[truth] == 0) continue;
    for (std::size_t claim = 0; claim < classes; ++claim) counts.together[truth * classes + claim] += predicted[claim];
  }
}

// Adds one sample; predicted[class] is 1 where the classifier claims the class.
void count_sample(ClassificationCounts& counts, const std::uint8_t* labels,
                  const std::vector<std::uint8_t>& predicted) {
  ClassCounts sample;
  for (std::size_t index = 0; index < counts.classes.size(); ++index) {
    const bool is_true = labels[index] != 0, is_claimed = predicted[index] != 0;
    for (ClassCounts* one : {&counts.classes[index], &sample}) {
      one->support += is_true ? 1 : 0;
      one->predicted += is_claimed ? 1 : 0;
      one->true_positive += is_true && is_claimed ? 1 : 0;
    }
  }
  const bool is_exact = sample.true_positive == sample.predicted && sample.true_positive == sample.support;
  counts.exact += is_exact ? 1 : 0;
  ++counts.samples;
  add(counts.sample_sums, score_class(sample));
  count_together(counts, labels, predicted);
}

ClassCounts sum_over_classes(const std::vector<ClassCounts>& classes) {
  ClassCounts all;
  for (const ClassCounts& one : classes) {
    all.true_positive += one.true_positive;
    all.predicted += one.predicted;
    all.support += one.support;
  }
  return all;
}

double balanced_accuracy(const ClassificationCounts& counts, const std::vector<PrecisionRecall>& per_class) {
  double sum = 0, present = 0;
  for (std::size_t index = 0; index < per_class.size(); ++index) {
    if (counts.classes[index].support == 0) continue;
    sum += per_class[index].recall;
    present += 1;
  }
  return ratio(sum, present);
}

// (observed - expected) / (1 - expected) agreement, with the expected one from the totals of truth and prediction.
double cohens_kappa(const ClassificationCounts& counts, double accuracy) {
  const auto samples = static_cast<double>(counts.samples);
  double expected = 0;
  for (const ClassCounts& one : counts.classes) {
    expected += ratio(static_cast<double>(one.support), samples) * ratio(static_cast<double>(one.predicted), samples);
  }
  return ratio(accuracy - expected, 1 - expected);
}

}  // namespace

template <class Score>
void count_multi_label(ClassificationCounts& counts, std::span<const Score> scores,
                       std::span<const std::uint8_t> labels, std::span<const Score> thresholds) {
  const std::size_t classes = counts.classes.size();
  std::vector<std::uint8_t> predicted(classes);
  for (std::size_t row = 0; classes > 0 && row + classes <= scores.size(); row += classes) {
    for (std::size_t index = 0; index < classes; ++index) {
      const Score threshold = thresholds[thresholds.size() == 1 ? 0 : index];
      predicted[index] = scores[row + index] >= threshold ? 1 : 0;
    }
    count_sample(counts, labels.data() + row, predicted);
  }
}

template <class Score>
void count_single_label(ClassificationCounts& counts, std::span<const Score> scores,
                        std::span<const std::uint8_t> labels) {
  const std::size_t classes = counts.classes.size();
  for (std::size_t row = 0; classes > 0 && row + classes <= scores.size(); row += classes) {
    const auto begin = scores.begin() + static_cast<std::ptrdiff_t>(row);
    std::vector<std::uint8_t> predicted(classes, 0);
    predicted[static_cast<std::size_t>(std::max_element(begin, begin + static_cast<std::ptrdiff_t>(classes)) - begin)] =
        1;
    count_sample(counts, labels.data() + row, predicted);
  }
}

template void count_multi_label(ClassificationCounts&, std::span<const float>, std::span<const std::uint8_t>,
                                std::span<const float>);
template void count_multi_label(ClassificationCounts&, std::span<const double>, std::span<const std::uint8_t>,
                                std::span<const double>);
template void count_single_label(ClassificationCounts&, std::span<const float>, std::span<const std::uint8_t>);
template void count_single_label(ClassificationCounts&, std::span<const double>, std::span<const std::uint8_t>);

ClassificationScores score(const ClassificationCounts& counts) {
  ClassificationScores scores;
  const ClassCounts all = sum_over_classes(counts.classes);
  const auto samples = static_cast<double>(counts.samples), classes = static_cast<double>(counts.classes.size());
  PrecisionRecall sum, weighted;
  for (const ClassCounts& one : counts.classes) {
    scores.per_class.push_back(score_class(one));
    add(sum, scores.per_class.back());
    add(weighted, scores.per_class.back(), static_cast<double>(one.support));
  }
  scores.micro = score_class(all);
  scores.macro = divided(sum, classes);
  scores.weighted = divided(weighted, static_cast<double>(all.support));
  scores.samples = divided(counts.sample_sums, samples);
  scores.accuracy = ratio(static_cast<double>(counts.exact), samples);
  scores.hamming_loss =
      ratio(static_cast<double>(all.support + all.predicted - 2 * all.true_positive), samples * classes);
  scores.balanced_accuracy = balanced_accuracy(counts, scores.per_class);
  scores.kappa = cohens_kappa(counts, scores.accuracy);
  return scores;
}

}  // namespace eoshard::train
