// From a loaded batch to logits on the training device, in the precision of the run.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "libtrain/data/batch_loader.hpp"
#include "libtrain/data/mix_up.hpp"
#include "libtrain/data/pixel_type.hpp"
#include "libtrain/loss/loss.hpp"
#include "libtrain/model/network.hpp"

namespace eoshard::train {

enum class Precision { fp32, bf16, fp16 };

/// What training and evaluation need to know of a batch; borrowed from the trainer.
struct ForwardPass {
  Network& network;
  const InputSpec& input;
  Task task = Task::multi_label;
  at::Device device = at::kCPU;
  Precision precision = Precision::fp32;
};

/// A batch on the device. On the CPU `images` borrows the loader's memory.
struct DeviceBatch {
  at::Tensor images;   ///< (N, bands, rows, columns) float32, or bfloat16 (see image_type), channels-last
  at::Tensor targets;  ///< see make_targets
  std::int64_t samples() const { return images.size(0); }
};

/// What the network takes images as without changing its logits: bfloat16 where it would round them to it first thing.
PixelType image_type(const ForwardPass& pass);
at::ScalarType tensor_type(PixelType type);

/// The targets of a loaded batch, on the device.
at::Tensor place_targets(const ForwardPass& pass, const Batch& batch, const SplitReader& split);

/// Mixes images, in float32, and targets of a batch (see data/mix_up.hpp); class numbers become probabilities.
void mix(DeviceBatch& batch, const Mixing& mixing, std::size_t classes);
/// Its targets alone.
void mix_targets(DeviceBatch& batch, const Mixing& mixing, std::size_t classes);

/// Logits (N, classes). Under bf16 and fp16 the network's convolutions and products run in that type on float32
/// weights.
at::Tensor run_forward(const ForwardPass& pass, const DeviceBatch& batch);
/// Input of the last layer, (N, features), in the same precision.
at::Tensor run_embed(const ForwardPass& pass, const DeviceBatch& batch);

}  // namespace eoshard::train
