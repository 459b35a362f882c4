// Scores of a classifier from counts. Counts add up over batches and ranks; scores are computed once, at the end.
// Formulas: docs/metrics.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "libingest/mpi/communicator.hpp"

namespace eoshard::train {

struct ClassCounts {
  std::uint64_t true_positive = 0;
  std::uint64_t predicted = 0;
  std::uint64_t support = 0;  ///< samples that carry the class
};

struct ClassificationCounts {
  explicit ClassificationCounts(std::size_t class_count) : classes(class_count) {}

  std::vector<ClassCounts> classes;
  std::uint64_t samples = 0;
  std::uint64_t exact = 0;  ///< samples whose predicted set of classes is the true one
};

/// Several labels a sample: a class is predicted where its score >= threshold. `scores` and `labels` hold a row of
/// counts.classes.size() values a sample; labels are 0 or 1.
template <class Score>
void count_multi_label(ClassificationCounts& counts, std::span<const Score> scores,
                       std::span<const std::uint8_t> labels, Score threshold);

/// One label a sample: the class of the highest score is predicted, the first of equals.
template <class Score>
void count_single_label(ClassificationCounts& counts, std::span<const Score> scores,
                        std::span<const std::uint8_t> labels);

/// Adds up all ranks' counts on every rank. Collective.
void sum_over_ranks(ClassificationCounts& counts, const Communicator& world);

struct PrecisionRecall {
  double precision = 0;
  double recall = 0;
  double f1 = 0;
};

struct ClassificationScores {
  PrecisionRecall micro;
  PrecisionRecall macro;  ///< unweighted mean over all classes, those without support included
  std::vector<PrecisionRecall> per_class;
  double accuracy = 0;  ///< share of samples with exactly the right classes
};

/// A ratio whose denominator is zero is 0.
ClassificationScores score(const ClassificationCounts& counts);

}  // namespace eoshard::train
