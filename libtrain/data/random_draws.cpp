#include "libtrain/data/random_draws.hpp"

#include "libingest/core/counter_random.hpp"

namespace eoshard::train {

std::uint64_t draw_bits(std::uint64_t seed, std::int64_t epoch, std::int64_t sample, Purpose purpose) {
  const std::uint64_t occasion = static_cast<std::uint64_t>(epoch) << 8 | static_cast<std::uint64_t>(purpose);
  return random_bits(seed, occasion, static_cast<std::uint64_t>(sample));
}

std::uint64_t draw_below(std::uint64_t bound, std::uint64_t seed, std::int64_t epoch, std::int64_t sample,
                         Purpose purpose) {
  // The high word of a 64 × 32 bit product (Lemire, "Fast random integer generation in an interval", 2019).
  const std::uint64_t bits = draw_bits(seed, epoch, sample, purpose);
  const std::uint64_t carry = ((bits & 0xffffffff) * bound) >> 32;
  return ((bits >> 32) * bound + carry) >> 32;
}

}  // namespace eoshard::train
