// Machine-independent random numbers that are a pure function of a key and a counter: no state to share or restore.
#pragma once

#include <array>
#include <cstdint>

namespace eoshard {

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC11).
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// 64 random bits for (seed, a, b); a and b name what is drawn, e.g. epoch and sample.
std::uint64_t random_bits(std::uint64_t seed, std::uint64_t a, std::uint64_t b);

/// Uniform in [0, 1), 53 bits.
double random_unit(std::uint64_t seed, std::uint64_t a, std::uint64_t b);

}  // namespace eoshard
