// Which samples of the training split a run learns from, and in which order.
#pragma once

#include <cstdint>
#include <vector>

#include "libtrain/core/train_options.hpp"
#include "libtrain/data/split_reader.hpp"

namespace eoshard::train {

/// Sample numbers in rising order: those for which every column=value of options.where holds in samples.csv, and of
/// them the share options.subset_fraction, chosen by the seed (a smaller share is part of a larger one).
/// @throws Error{input|usage} when a condition cannot be read, its column does not exist, or nothing is left.
std::vector<std::int64_t> select_samples(const TrainOptions& options, const SplitReader& split);

/// `samples` in the order of --shuffle in that epoch: a pure function of its arguments, the same on any rank.
std::vector<std::int64_t> order_samples(const TrainOptions& options, const std::vector<std::int64_t>& samples,
                                        std::int64_t epoch);

}  // namespace eoshard::train
