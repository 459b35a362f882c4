// The order in which an epoch visits the training split: defined for the whole split, before it is dealt to ranks.
#pragma once

#include <cstdint>
#include <vector>

namespace eoshard::train {

/// A permutation of 0 … samples-1 that depends on (seed, epoch) alone: Fisher and Yates's shuffle with counter-based
/// draws. `samples` is below 2^32.
std::vector<std::int64_t> sample_order(std::int64_t samples, std::uint64_t seed, std::int64_t epoch);

}  // namespace eoshard::train
