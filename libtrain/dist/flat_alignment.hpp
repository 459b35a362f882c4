// Where tensors and ranks' slices begin in flat vectors.
#pragma once

#include <cstdint>

namespace eoshard::train {

/// Elements; 128 bytes of float32. cuDNN's kernels read weights in pieces of 16 bytes, NCCL copies in lines.
inline constexpr std::int64_t kFlatAlignment = 32;

/// The first multiple of kFlatAlignment that is no less than `elements`.
constexpr std::int64_t align_flat(std::int64_t elements) {
  return (elements + kFlatAlignment - 1) / kFlatAlignment * kFlatAlignment;
}

}  // namespace eoshard::train
