#include "libingest/shard/crc32c.hpp"

#include <isa-l.h>

#include <algorithm>

namespace eoshard::ingest {

std::uint32_t crc32c(std::span<const std::byte> bytes) {
  constexpr std::size_t kMaxCallBytes = std::size_t{1} << 30;  // the library counts in int
  std::uint32_t state = 0xFFFFFFFF;
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), kMaxCallBytes));
    // The library takes a pointer to non-const but only reads.
    auto* data = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(part.data()));
    state = crc32_iscsi(data, static_cast<int>(part.size()), state);
    bytes = bytes.subspan(part.size());
  }
  return state ^ 0xFFFFFFFF;
}

}  // namespace eoshard::ingest
