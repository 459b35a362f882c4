#include "libtrain/forward_pass.hpp"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

namespace eoshard::train {
namespace {

// Autocast for as long as it lives; the low-precision copies of the weights are dropped at its end, since the next
// step changes the weights.
class AutocastScope {
 public:
  AutocastScope(at::DeviceType device, Precision precision)
      : device_(device), was_enabled_(at::autocast::is_autocast_enabled(device)) {
    const bool is_enabled = precision != Precision::fp32;
    at::autocast::set_autocast_enabled(device_, is_enabled);
    if (is_enabled) at::autocast::set_autocast_dtype(device_, precision == Precision::bf16 ? at::kBFloat16 : at::kHalf);
    at::autocast::increment_nesting();
  }
  ~AutocastScope() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, was_enabled_);
  }
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  at::DeviceType device_;
  bool was_enabled_;
};

// From memory that a GPU reads by itself: the copy is queued, and nobody waits for it.
at::Tensor queue_to(at::Device device, const at::Tensor& values) {
  return device.is_cuda() ? values.pin_memory().to(device, /*non_blocking=*/true) : values.to(device);
}

at::Tensor blend(const at::Tensor& values, const Mixing& mixing) {
  const at::Tensor partners = queue_to(values.device(), at::tensor(mixing.partners));
  std::vector<std::int64_t> shape(static_cast<std::size_t>(values.dim()), 1);
  shape[0] = values.size(0);
  const at::Tensor share = queue_to(values.device(), at::tensor(mixing.shares)).view(shape);
  return values * share + values.index_select(0, partners) * (1 - share);
}

}  // namespace

PixelType image_type(const ForwardPass& pass) {
  const bool is_rounded = pass.precision == Precision::bf16 && pass.network.begins_with_convolution();
  return is_rounded ? PixelType::bfloat16 : PixelType::float32;
}

at::ScalarType tensor_type(PixelType type) { return type == PixelType::float32 ? at::kFloat : at::kBFloat16; }

at::Tensor place_targets(const ForwardPass& pass, const Batch& batch, const SplitReader& split) {
  std::vector<std::span<const std::uint8_t>> rows;
  for (const SampleRequest& request : batch.samples) {
    rows.push_back(split.labels(request.sample));
  }
  return queue_to(pass.device, make_targets(pass.task, rows));
}

void mix_targets(DeviceBatch& batch, const Mixing& mixing, std::size_t classes) {
  if (batch.targets.dim() == 1) {
    batch.targets = at::one_hot(batch.targets, static_cast<std::int64_t>(classes)).to(at::kFloat);
  }
  batch.targets = blend(batch.targets, mixing);
}

void mix(DeviceBatch& batch, const Mixing& mixing, std::size_t classes) {
  mix_targets(batch, mixing, classes);
  batch.images = blend(batch.images, mixing).contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor run_forward(const ForwardPass& pass, const DeviceBatch& batch) {
  const AutocastScope autocast(pass.device.type(), pass.precision);
  return pass.network.forward(batch.images);
}

at::Tensor run_embed(const ForwardPass& pass, const DeviceBatch& batch) {
  const AutocastScope autocast(pass.device.type(), pass.precision);
  return pass.network.embed(batch.images);
}

}  // namespace eoshard::train
