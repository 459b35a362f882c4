// Mix-up (Zhang, Cissé, Dauphin, Lopez-Paz, ICLR 2018): which samples of a micro-batch are mixed, in which shares.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace eoshard::train {

/// Sample i becomes share[i] of itself and 1 - share[i] of sample partner[i], in image and label.
struct Mixing {
  std::vector<std::int64_t> partners;  ///< a permutation of positions in the micro-batch
  std::vector<float> shares;           ///< Beta(α, α), one a sample
};

/// A pure function of its arguments. `samples` are the micro-batch's sample numbers, below 2^32; α > 0.
Mixing draw_mixing(double alpha, std::uint64_t seed, std::int64_t epoch, std::span<const std::int64_t> samples);

}  // namespace eoshard::train
