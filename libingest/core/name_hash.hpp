// A number for a name that is the same on every machine.
#pragma once

#include <cstdint>
#include <string_view>

namespace eoshard {

/// FNV-1a (Fowler, Noll, Vo), 64 bits.
inline std::uint64_t name_hash(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char character : name) hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3;
  return hash;
}

}  // namespace eoshard
