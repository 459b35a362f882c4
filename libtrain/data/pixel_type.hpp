// What the values of the network's input are stored as. The same code on the CPU and on GPUs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "libtrain/core/host_device.hpp"

namespace eoshard::train {

enum class PixelType { float32, bfloat16 };

constexpr std::size_t pixel_bytes(PixelType type) { return type == PixelType::float32 ? 4 : 2; }

/// The upper half of a float32.
struct Bfloat16 {
  std::uint16_t bits;
};

/// To the nearest one, of two the even one, as torch rounds. `value` is a number.
EOSHARD_HOST_DEVICE inline Bfloat16 round_to_bfloat16(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return {static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)};
}

EOSHARD_HOST_DEVICE inline void store(float value, float& to) { to = value; }
EOSHARD_HOST_DEVICE inline void store(float value, Bfloat16& to) { to = round_to_bfloat16(value); }

}  // namespace eoshard::train
