// Thresholds that suit a network better than one half, found on one split to be applied to another.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace eoshard::train {

/// The threshold with the highest micro F1 for all classes together (one value), or the one with each class's own
/// highest F1 (`is_per_class`), among 0.01, 0.02 … 0.99; the nearest to 0.5 of equals. `scores` are probabilities;
/// rows of `classes` values a sample.
std::vector<float> find_thresholds(std::span<const float> scores, std::span<const std::uint8_t> labels,
                                   std::size_t classes, bool is_per_class);

/// The thresholds as the multiples of 0.01 that they stand for.
std::vector<double> threshold_values(std::span<const float> thresholds);

}  // namespace eoshard::train
