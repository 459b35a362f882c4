// The order in which an epoch visits the training split: defined for the whole split, before it is dealt to ranks.
#pragma once

#include <cstdint>
#include <vector>

namespace eoshard::train {

/// How far samples move. Without blocks, anywhere. With blocks of neighbours in storage: whole blocks are shuffled,
/// then the samples within each window of so many shuffled blocks, so that all ranks together read from few places of
/// the files at a time, which parallel file systems want.
struct ShuffleRule {
  std::int64_t block_samples = 0;  ///< 0 = no blocks: one shuffle of everything
  std::int64_t window_blocks = 1;
};

/// A permutation of 0 … samples-1 that depends on its arguments alone: Fisher and Yates's shuffle with counter-based
/// draws. One window over all samples is the same as no blocks. `samples` is below 2^32.
std::vector<std::int64_t> sample_order(std::int64_t samples, const ShuffleRule& rule, std::uint64_t seed,
                                       std::int64_t epoch);

}  // namespace eoshard::train
