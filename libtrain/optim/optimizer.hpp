// An optimizer over flat tensors: the update and the state that it keeps, on either device.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "libtrain/core/named_tensor.hpp"
#include "libtrain/optim/update_rules.hpp"

namespace eoshard::train {

class Optimizer {
 public:
  /// `weights` and `gradients` are flat vectors in float32 or float64 on one device, borrowed; the gradients may be
  /// longer than the weights.
  Optimizer(const UpdateOptions& options, std::vector<UpdatePlace> places, at::Tensor weights, at::Tensor gradients);
  ~Optimizer();

  /// Rate and number, counted from 1, of the next step. On a GPU a graph that has captured spend() reads them anew.
  void set_step(double rate, std::int64_t step);

  /// Takes the step; the gradients are spent. `squared_norm`: of all gradients, float64 on their device, where a step
  /// in which it is not finite is to change nothing; else undefined.
  void spend(const at::Tensor& squared_norm);

  /// What the next step depends on besides the weights: vectors as long as the weights ("momentum", "second_moment",
  /// "average"), and one with a number a tensor ("tensor_moment", float64).
  NamedTensors flat_state() const;
  NamedTensors tensor_state() const;

  /// The averaged weights; undefined without ema_decay.
  const at::Tensor& average() const { return average_; }

 private:
  template <class Real>
  void spend_in(const at::Tensor& squared_norm);

  class Update;
  at::Tensor weights_, gradients_, first_, second_, tensor_second_, average_;
  std::unique_ptr<Update> update_;
};

/// ‖values‖² in float64, in a fixed order (on the CPU).
double squared_norm(const at::Tensor& values);

/// The same as a number on the GPU that holds the values, float64, without waiting for it.
at::Tensor squared_norm_on_device(const at::Tensor& values);

}  // namespace eoshard::train
