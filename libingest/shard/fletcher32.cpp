#include "libingest/shard/fletcher32.hpp"

#include <algorithm>

namespace eoshard::ingest {
namespace {

constexpr std::size_t kWordsBeforeOverflow = 360;  // of 32-bit sums

struct Sums {
  std::uint32_t first = 0, second = 0;

  void add(std::uint32_t word) { second += first += word; }
  void carry() {
    first = (first & 0xffff) + (first >> 16);
    second = (second & 0xffff) + (second >> 16);
  }
};

}  // namespace

std::uint32_t fletcher32(std::span<const std::byte> bytes) {
  const auto byte = [&](std::size_t at) { return std::to_integer<std::uint32_t>(bytes[at]); };
  const std::size_t words = bytes.size() / 2;
  Sums sums;
  for (std::size_t word = 0; word < words;) {
    const std::size_t end = std::min(words, word + kWordsBeforeOverflow);
    for (; word < end; ++word) sums.add(byte(2 * word) << 8 | byte(2 * word + 1));
    sums.carry();
  }
  if (bytes.size() % 2 == 1) {
    sums.add(byte(bytes.size() - 1) << 8);
    sums.carry();
  }
  sums.carry();
  return sums.second << 16 | sums.first;
}

}  // namespace eoshard::ingest
