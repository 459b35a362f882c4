// Average precision: how well scores rank the samples that carry a class before those that do not, for all thresholds.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace eoshard::train {

/// Σ (recallₙ - recallₙ₋₁) · precisionₙ over distinct scores from the highest down, equal ones together, without
/// interpolation (scikit-learn's average_precision_score). 0 where no label is set.
template <class Score>
double average_precision(std::span<const Score> scores, std::span<const std::uint8_t> labels);

struct AveragePrecision {
  double micro = 0;                            ///< of all decisions together
  double macro = 0;                            ///< mean over all classes, those without support with 0
  double weighted = 0;                         ///< mean over classes by support
  double macro_over_classes_with_support = 0;  ///< as torchmetrics has it
  std::vector<double> per_class;
};

/// `scores` and `labels` hold a row of `classes` values a sample.
template <class Score>
AveragePrecision average_precisions(std::span<const Score> scores, std::span<const std::uint8_t> labels,
                                    std::size_t classes);

}  // namespace eoshard::train
