#include "libingest/core/counter_random.hpp"

namespace eoshard {
namespace {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;

std::uint32_t high_word(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }
std::uint32_t low_word(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{kMultiplier0} * counter[0];
    const std::uint64_t product1 = std::uint64_t{kMultiplier1} * counter[2];
    counter = {high_word(product1) ^ counter[1] ^ key[0], low_word(product1), high_word(product0) ^ counter[3] ^ key[1],
               low_word(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

std::uint64_t random_bits(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
  const auto words =
      philox4x32({low_word(b), high_word(b), low_word(a), high_word(a)}, {low_word(seed), high_word(seed)});
  return std::uint64_t{words[0]} << 32 | words[1];
}

double random_unit(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
  return static_cast<double>(random_bits(seed, a, b) >> 11) * 0x1.0p-53;
}

}  // namespace eoshard
