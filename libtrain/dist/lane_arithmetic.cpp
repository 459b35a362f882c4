#include "libtrain/dist/lane_arithmetic.hpp"

#include <ATen/ATen.h>

#include <bit>
#include <cstdint>
#include <cstring>

namespace eoshard::train {
namespace {

void add_left(float* __restrict__ sum, const float* __restrict__ left, std::int64_t length) {
  for (std::int64_t index = 0; index < length; ++index) sum[index] += left[index];
}

void scale(const float* from, float factor, float* to, std::int64_t length) {
  for (std::int64_t index = 0; index < length; ++index) to[index] = from[index] * factor;
}

// To nearest, ties to even; a NaN stays one.
std::uint16_t upper_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
  const bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return static_cast<std::uint16_t>((is_nan ? bits | 0x400000u : rounded) >> 16);
}

void narrow(const float* from, std::uint16_t* to, std::int64_t length) {
  for (std::int64_t index = 0; index < length; ++index) to[index] = upper_half(from[index]);
}

void widen(const std::uint16_t* from, float* to, std::int64_t length) {
  for (std::int64_t index = 0; index < length; ++index) {
    to[index] = std::bit_cast<float>(static_cast<std::uint32_t>(from[index]) << 16);
  }
}

}  // namespace

void add_left(const at::Tensor& sum, const at::Tensor& left) {
  if (!sum.is_cpu()) {
    sum.add_(left);
    return;
  }
  add_left(sum.data_ptr<float>(), left.const_data_ptr<float>(), sum.numel());
}

void scale(const at::Tensor& from, float factor, const at::Tensor& to) {
  TORCH_INTERNAL_ASSERT(from.numel() == to.numel());
  if (!from.is_cpu()) {
    at::Tensor out = to;
    at::mul_out(out, from, at::scalar_tensor(factor));
    return;
  }
  scale(from.const_data_ptr<float>(), factor, to.data_ptr<float>(), from.numel());
}

void convert(const at::Tensor& from, const at::Tensor& to) {
  TORCH_INTERNAL_ASSERT(from.numel() == to.numel());
  const bool is_same = from.scalar_type() == to.scalar_type();
  if (!from.is_cpu()) {
    to.copy_(from);
  } else if (is_same) {
    std::memmove(to.data_ptr(), from.const_data_ptr(), static_cast<std::size_t>(from.nbytes()));
  } else if (from.scalar_type() == at::kFloat) {
    narrow(from.const_data_ptr<float>(), static_cast<std::uint16_t*>(to.data_ptr()), from.numel());
  } else {
    widen(static_cast<const std::uint16_t*>(from.const_data_ptr()), to.data_ptr<float>(), from.numel());
  }
}

}  // namespace eoshard::train
