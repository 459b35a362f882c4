// Everything that a step changes: the network, its flat buffers, momenta and running averages.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "libtrain/core/named_tensor.hpp"
#include "libtrain/dist/collective.hpp"
#include "libtrain/dist/gradient_buffer.hpp"
#include "libtrain/model/network.hpp"
#include "libtrain/optim/sgd.hpp"

namespace eoshard::train {

class TrainingState {
 public:
  /// Takes a freshly initialised network to `device` and lays it out flat.
  TrainingState(std::unique_ptr<Network> network, at::Device device);

  Network& network() { return *network_; }
  GradientBuffer& buffer() { return buffer_; }

  /// One slot a parameter, over the flat vectors.
  const std::vector<ParameterSlot>& slots() const { return slots_; }

  /// Moves the batch-norm running averages towards `step_statistics` (see GradientBuffer::statistics).
  void update_running_statistics(const at::Tensor& step_statistics);

  /// Puts the running averages into the network and sets it to evaluation, or back to training.
  void begin_evaluation();
  void begin_training();

  /// The state dictionary: parameters, running averages, and the batch-norm layers' counters (= `steps`).
  NamedTensors model_tensors(std::int64_t steps) const;
  void load_model(const NamedTensors& tensors);

  /// With the momenta, under "model." and "momentum.".
  NamedTensors all_tensors(std::int64_t steps) const;
  void load_all(const NamedTensors& tensors);

  /// Every rank gets the root's values. Collective.
  void broadcast(Collective& collective);

 private:
  std::vector<ParameterSlot> make_slots();

  std::unique_ptr<Network> network_;
  GradientBuffer buffer_;
  at::Tensor momenta_;             // (parameters)
  at::Tensor running_statistics_;  // (statistics)
  std::vector<ParameterSlot> slots_;
};

}  // namespace eoshard::train
