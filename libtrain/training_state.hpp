// Everything that a step changes: the network, its flat buffers, the optimizer and running averages.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

#include "libtrain/core/named_tensor.hpp"
#include "libtrain/dist/collective.hpp"
#include "libtrain/dist/gradient_buffer.hpp"
#include "libtrain/model/network.hpp"
#include "libtrain/optim/optimizer.hpp"

namespace eoshard::train {

struct UpdateRules {
  UpdateOptions options;
  double weight_decay = 0;
  bool is_linear_decayed = true;  ///< weights of linear layers, as well as those of convolutions
  std::int64_t bucket_bytes = kDefaultBucketBytes;
  bool is_backbone_frozen = false;  ///< only the network's last layer learns; batch norm uses its running averages
};

class TrainingState {
 public:
  /// Takes a network to `device` and lays out flat what is to be learnt.
  TrainingState(std::unique_ptr<Network> network, at::Device device, const UpdateRules& rules);

  Network& network() { return *network_; }
  GradientBuffer& buffer() { return buffer_; }
  const at::Tensor& weights() const { return buffer_.weights(); }  ///< (parameters), flat

  /// Spends the buffer's gradients in step number `step`, counted from 0: set_step(), then spend_gradients().
  void update(double rate, std::int64_t step);
  void set_step(double rate, std::int64_t step);
  /// See Optimizer::spend.
  void spend_gradients(const at::Tensor& squared_norm);

  /// Moves the batch-norm running averages towards `step_statistics` (see GradientBuffer::statistics).
  void update_running_statistics(const at::Tensor& step_statistics);

  /// Puts running averages (and averaged weights) into the network and sets it to evaluation, or back to training.
  void begin_evaluation();
  void begin_training();

  /// The state dictionary to evaluate: parameters (averaged ones with an EMA), running averages, and the batch-norm
  /// layers' counters (= `steps`).
  NamedTensors model_tensors(std::int64_t steps) const;
  void load_model(const NamedTensors& tensors);

  /// What the next step depends on: the model as it is trained under "model.", the optimizer's vectors under their
  /// names.
  NamedTensors all_tensors(std::int64_t steps) const;
  void load_all(const NamedTensors& tensors);

  /// Every rank gets the root's values. Collective.
  void broadcast(Collective& collective);

  /// Weights, what the optimizer keeps, and running averages become their means over all ranks. Collective.
  void average(Collective& collective);

 private:
  NamedTensors named_state(const at::Tensor& weights, const at::Tensor& statistics, std::int64_t steps) const;
  std::vector<at::Tensor> flat_tensors() const;
  bool is_averaging() const { return optimizer_.average().defined(); }

  std::unique_ptr<Network> network_;
  NamedTensors fixed_;  // what the flat vectors leave out: frozen tensors and constants
  GradientBuffer buffer_;
  Optimizer optimizer_;
  at::Tensor running_statistics_;   // (statistics)
  at::Tensor average_statistics_;   // (statistics), with an EMA
  at::Tensor statistics_momenta_;   // (statistics)
  at::Tensor weights_in_training_;  // while averaged ones are evaluated
  double ema_decay_;
};

}  // namespace eoshard::train
