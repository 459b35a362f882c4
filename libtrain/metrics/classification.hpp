// Scores of a classifier from counts. Counts add up over samples; scores are computed once, at the end.
// Formulas: docs/metrics.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace eoshard::train {

struct ClassCounts {
  std::uint64_t true_positive = 0;
  std::uint64_t predicted = 0;
  std::uint64_t support = 0;  ///< samples that carry the class
};

struct PrecisionRecall {
  double precision = 0;
  double recall = 0;
  double f1 = 0;
};

struct ClassificationCounts {
  explicit ClassificationCounts(std::size_t class_count)
      : classes(class_count), together(class_count * class_count, 0) {}

  std::vector<ClassCounts> classes;
  std::uint64_t samples = 0;
  std::uint64_t exact = 0;              ///< samples whose predicted set of classes is the true one
  PrecisionRecall sample_sums;          ///< of each sample's own scores
  std::vector<std::uint64_t> together;  ///< (true class, predicted class): samples with both; one label: the confusion
};

/// Several labels a sample: a class is predicted where its score >= its threshold. `scores` and `labels` hold a row of
/// counts.classes.size() values a sample; labels are 0 or 1; one threshold for all classes, or one each.
template <class Score>
void count_multi_label(ClassificationCounts& counts, std::span<const Score> scores,
                       std::span<const std::uint8_t> labels, std::span<const Score> thresholds);

/// One label a sample: the class of the highest score is predicted, the first of equals.
template <class Score>
void count_single_label(ClassificationCounts& counts, std::span<const Score> scores,
                        std::span<const std::uint8_t> labels);

struct ClassificationScores {
  PrecisionRecall micro;
  PrecisionRecall macro;     ///< unweighted mean over all classes, those without support included
  PrecisionRecall weighted;  ///< mean over classes by support
  PrecisionRecall samples;   ///< mean over samples
  std::vector<PrecisionRecall> per_class;
  double accuracy = 0;           ///< share of samples with exactly the right classes
  double hamming_loss = 0;       ///< share of wrong decisions among samples × classes
  double balanced_accuracy = 0;  ///< mean recall over classes with support
  double kappa = 0;              ///< Cohen's, for one label a sample
};

/// A ratio whose denominator is zero is 0.
ClassificationScores score(const ClassificationCounts& counts);

}  // namespace eoshard::train
