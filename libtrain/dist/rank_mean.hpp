// Mean of a vector over ranks that have each gone their own way (post-local SGD).
#pragma once

#include <ATen/core/Tensor.h>

#include "libtrain/dist/collective.hpp"

namespace eoshard::train {

/// Every element of `values` becomes its mean over all ranks, with the same bits on each of them, in every run with
/// this many ranks. Tensors as Collective takes them. Collective.
void average_over_ranks(const at::Tensor& values, Collective& collective);

}  // namespace eoshard::train
