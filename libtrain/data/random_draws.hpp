// Every random draw on samples: a pure function of (seed, epoch, sample, purpose), so that it depends neither on the
// rank or thread that makes it nor on what was drawn before.
#pragma once

#include <cstdint>

namespace eoshard::train {

/// What is drawn. The numbers are part of a run's randomness: append, never renumber.
enum class Purpose : std::uint64_t {
  order = 0,
  flip_rows = 1,
  flip_columns = 2,
  quarter_turns = 3,
  network = 4,
  mix_partner = 5,
  mix_share = 6,
  subset = 7,
  block_order = 8
};

/// 64 random bits. For Purpose::network, `epoch` is a step and `sample` a micro-batch.
std::uint64_t draw_bits(std::uint64_t seed, std::int64_t epoch, std::int64_t sample, Purpose purpose);

/// Uniform in [0, bound) for 0 < bound < 2^32; the bias is below bound / 2^64.
std::uint64_t draw_below(std::uint64_t bound, std::uint64_t seed, std::int64_t epoch, std::int64_t sample,
                         Purpose purpose);

}  // namespace eoshard::train
