// A network as the trainer sees it: images in, logits out, with parameters and buffers under their state-dict names.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>

#include "libtrain/core/named_tensor.hpp"

namespace eoshard::train {

class Network {
 public:
  virtual ~Network() = default;

  /// images (N, bands, rows, columns) → logits (N, classes).
  virtual at::Tensor forward(const at::Tensor& images) = 0;

  /// Trainable tensors in the order of the layers. They share storage with the network.
  virtual NamedTensors parameters() = 0;

  /// Batch-norm running means and variances, in the order of the layers. In training mode forward() leaves the batch's
  /// own mean and unbiased variance in them: averaging over micro-batches and over time is the trainer's business.
  virtual NamedTensors statistics() = 0;

  /// Batch-norm layers' counters of updates (int64 scalars).
  virtual NamedTensors update_counts() = 0;

  virtual void set_training(bool is_training) = 0;

  /// Moves all tensors. Before anything refers to their storage.
  virtual void move_to(at::Device device) = 0;
};

struct NetworkShape {
  std::int64_t bands = 0;
  std::int64_t classes = 0;
};

/// A freshly initialised network on the CPU; the draws depend on `seed` alone.
/// @throws Error{usage} for an unknown name.
std::unique_ptr<Network> make_network(const std::string& name, NetworkShape shape, std::uint64_t seed);

}  // namespace eoshard::train
