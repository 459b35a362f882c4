// The arithmetic of communication. On CPUs it is done by the one thread that communicates, which must start no others:
// the cores belong to backward.
#pragma once

#include <ATen/core/Tensor.h>

namespace eoshard::train {

/// sum += left, which is left + sum: float32, of one length.
void add_left(const at::Tensor& sum, const at::Tensor& left);

/// to = from · factor: float32, of one length; `to` may be `from`.
void scale(const at::Tensor& from, float factor, const at::Tensor& to);

/// Values of `from` into `to`, of one length, in the type of `to` (float32 or bfloat16, rounded to nearest even).
void convert(const at::Tensor& from, const at::Tensor& to);

}  // namespace eoshard::train
