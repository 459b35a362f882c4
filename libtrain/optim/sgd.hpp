// Stochastic gradient descent with (Nesterov) momentum.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace eoshard::train {

/// One parameter as the optimizer sees it: three tensors of the same shape, type and device, updated in place.
struct ParameterSlot {
  at::Tensor weight;
  at::Tensor gradient;
  at::Tensor momentum;  ///< starts as zeros
  bool is_decayed = true;
};

struct SgdOptions {
  double momentum = 0.9;
  bool nesterov = true;
  double weight_decay = 1e-4;
};

/// g += λw (decayed parameters only); v = μv + g; w -= η(g + μv) with Nesterov, else w -= ηv: torch.optim.SGD.
/// One fused pass over each tensor, on either device and in any float type.
void sgd_step(const std::vector<ParameterSlot>& slots, const SgdOptions& options, double learning_rate);

}  // namespace eoshard::train
