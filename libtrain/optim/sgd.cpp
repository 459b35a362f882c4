#include "libtrain/optim/sgd.hpp"

#include <ATen/ATen.h>

namespace eoshard::train {
namespace {

void update_group(const std::vector<ParameterSlot>& slots, bool is_decayed, const SgdOptions& options, double rate) {
  std::vector<at::Tensor> weights, gradients, momenta;
  for (const ParameterSlot& slot : slots) {
    if (slot.is_decayed != is_decayed) continue;
    weights.push_back(slot.weight);
    gradients.push_back(slot.gradient);
    if (options.momentum != 0) momenta.push_back(slot.momentum);
  }
  if (weights.empty()) return;
  // A zero momentum buffer makes the first step's v = g, so that no step is special.
  at::_fused_sgd_(weights, gradients, momenta, is_decayed ? options.weight_decay : 0.0, options.momentum, rate,
                  /*dampening=*/0.0, options.nesterov, /*maximize=*/false, /*is_first_step=*/false);
}

}  // namespace

void sgd_step(const std::vector<ParameterSlot>& slots, const SgdOptions& options, double learning_rate) {
  const at::NoGradGuard no_gradients;
  update_group(slots, true, options, learning_rate);
  update_group(slots, false, options, learning_rate);
}

}  // namespace eoshard::train
