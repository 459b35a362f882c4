// A network as the trainer sees it: images in, logits out, with parameters and buffers under their state-dict names.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libtrain/core/named_tensor.hpp"

namespace eoshard::train {

class Network {
 public:
  virtual ~Network() = default;

  /// images (N, bands, rows, columns) → logits (N, classes). Draws (dropout, stochastic depth) come from the device's
  /// default generator.
  virtual at::Tensor forward(const at::Tensor& images) = 0;

  /// Whether forward() does nothing with images but convolve them: autocast rounds them for that first thing, so they
  /// may as well come rounded.
  virtual bool begins_with_convolution() const = 0;

  /// All parameters in the order of the layers. They share storage with the network.
  virtual NamedTensors parameters() = 0;

  /// Batch-norm running means and variances, in the order of the layers. In training mode forward() leaves the batch's
  /// own mean and unbiased variance in them: averaging over micro-batches and over time is the trainer's business.
  virtual NamedTensors statistics() = 0;

  /// Share of the new value in each of statistics() when the running averages move (torch's batch-norm momentum).
  virtual std::vector<double> statistics_momenta() = 0;

  /// Batch-norm layers' counters of updates (int64 scalars).
  virtual NamedTensors update_counts() = 0;

  /// Buffers that training leaves alone.
  virtual NamedTensors constants() = 0;

  /// Names of the parameters of the last layer, the one whose outputs are the classes.
  virtual std::vector<std::string> head() = 0;

  /// Input of the last layer for these images, (N, features). @throws Error{usage} where it cannot be had.
  virtual at::Tensor embed(const at::Tensor& images) = 0;

  virtual void set_training(bool is_training) = 0;

  /// From now on batch-norm layers use their running averages also in training mode.
  virtual void freeze_statistics() = 0;

  /// Moves all tensors. Before anything refers to their storage.
  virtual void move_to(at::Device device) = 0;
};

/// What a network is made of and for. Rows and columns are those of the images that it will see.
struct NetworkOptions {
  std::string name;    ///< resnet18, resnet50, efficientnet_b0, or the path of a TorchScript file (….pt)
  std::string script;  ///< what that file holds
  std::int64_t bands = 0;
  std::int64_t classes = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  double dropout = 0;           ///< before the last layer
  double stochastic_depth = 0;  ///< of the deepest residual branch, rising linearly from 0 (efficientnet_b0)
  bool has_small_stem = false;  ///< keeps the resolution of small images: 3×3 convolution, stride 1, no max-pooling
};

/// A freshly initialised network on the CPU, whose draws depend on `seed` alone; a TorchScript file as it was saved.
/// @throws Error{usage} for an unknown name, Error{input} for a file that is no network for these images and classes.
std::unique_ptr<Network> make_network(const NetworkOptions& options, std::uint64_t seed);

}  // namespace eoshard::train
