#include "libtrain/dist/gradient_buffer.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <ranges>

#include "libtrain/dist/flat_alignment.hpp"

namespace eoshard::train {
namespace {

// Where each of `tensors` begins in flat memory, and behind them where the last one ends.
std::vector<std::int64_t> flat_offsets(const NamedTensors& tensors) {
  std::vector<std::int64_t> offsets = {0};
  for (const NamedTensor& item : tensors) offsets.push_back(align_flat(offsets.back() + item.tensor.numel()));
  return offsets;
}

// Dense strides of a tensor in flat memory: channels-last for convolution weights (O, I, H, W), else row-major.
std::vector<std::int64_t> flat_strides(const at::Tensor& like) {
  if (like.dim() == 4) return c10::get_channels_last_strides_2d(like.sizes());
  return at::empty(like.sizes(), at::TensorOptions(at::kMeta)).strides().vec();
}

at::Tensor view_of(const at::Tensor& flat, std::int64_t offset, const at::Tensor& like) {
  return flat.as_strided(like.sizes(), flat_strides(like), flat.storage_offset() + offset);
}

}  // namespace

GradientBuffer::GradientBuffer(NamedTensors parameters, NamedTensors statistics, std::int64_t bucket_bytes)
    : parameters_(std::move(parameters)), statistics_tensors_(std::move(statistics)) {
  std::reverse(parameters_.begin(), parameters_.end());
  const at::TensorOptions options = parameters_.front().tensor.options().requires_grad(false);
  statistics_offsets_ = flat_offsets(statistics_tensors_);
  statistics_ = at::zeros({statistics_offsets_.back()}, options);
  weights_ = at::zeros({flat_offsets(parameters_).back()}, options);
  gradients_ = at::zeros({weights_.numel() + statistics_.numel() + kFigures}, options);
  attach_parameters();
  attach_statistics();
  cut_buckets(bucket_bytes);
}

void GradientBuffer::attach_parameters() {
  const at::NoGradGuard no_gradients;
  const std::vector<std::int64_t> offsets = flat_offsets(parameters_);
  for (std::size_t index = 0; index < parameters_.size(); ++index) {
    NamedTensor& item = parameters_[index];
    const std::int64_t offset = offsets[index];
    const at::Tensor view = view_of(weights_, offset, item.tensor);
    view.copy_(item.tensor);
    item.tensor.set_data(view);
    item.tensor.mutable_grad() = view_of(gradients_, offset, item.tensor);
    places_.push_back({item.name, offset, item.tensor.numel(), item.tensor.dim()});
  }
}

void GradientBuffer::attach_statistics() {
  const at::NoGradGuard no_gradients;
  for (std::size_t index = 0; index < statistics_tensors_.size(); ++index) {
    NamedTensor& item = statistics_tensors_[index];
    const at::Tensor view = view_of(statistics_, statistics_offsets_[index], item.tensor);
    view.copy_(item.tensor);
    item.tensor.set_data(view);
  }
}

// From the end on: the last bucket, which nothing hides, is small.
void GradientBuffer::cut_buckets(std::int64_t bucket_bytes) {
  constexpr std::int64_t kLastBytes = 1 << 20;
  const auto element_bytes = static_cast<std::int64_t>(weights_.element_size());
  Bucket bucket{gradients_.numel(), 0};
  std::int64_t weights = 0;  // in this bucket, whose tail does not count
  for (const FlatPlace& place : places_ | std::views::reverse) {
    const std::int64_t limit = buckets_.empty() ? std::min(kLastBytes, bucket_bytes) : bucket_bytes;
    if (weights > 0 && (weights + place.length) * element_bytes > limit) {
      buckets_.push_back(bucket);
      bucket.length = weights = 0;
    }
    weights += place.length;
    bucket.length += bucket.offset - place.offset;
    bucket.offset = place.offset;
  }
  buckets_.push_back(bucket);
  std::ranges::reverse(buckets_);
}

std::size_t GradientBuffer::bucket_at(std::int64_t offset) const {
  const auto after = std::ranges::upper_bound(buckets_, offset, {}, &Bucket::offset);
  return static_cast<std::size_t>(after - buckets_.begin()) - 1;
}

at::Tensor GradientBuffer::gradients_of(const Bucket& bucket) const {
  return gradients_.narrow(0, bucket.offset, bucket.length);
}

std::int64_t GradientBuffer::weights_in(const Bucket& bucket) const {
  return std::clamp<std::int64_t>(weights_.numel() - bucket.offset, 0, bucket.length);
}

at::Tensor GradientBuffer::gradient_tail() const {
  return gradients_.narrow(0, weights_.numel(), gradients_.numel() - weights_.numel());
}

NamedTensors GradientBuffer::parameter_views(const at::Tensor& flat) const {
  NamedTensors views;
  for (std::size_t index = 0; index < parameters_.size(); ++index) {
    views.push_back({parameters_[index].name, view_of(flat, places_[index].offset, parameters_[index].tensor)});
  }
  return views;
}

NamedTensors GradientBuffer::statistics_views(const at::Tensor& flat) const {
  NamedTensors views;
  for (std::size_t index = 0; index < statistics_tensors_.size(); ++index) {
    const NamedTensor& item = statistics_tensors_[index];
    views.push_back({item.name, view_of(flat, statistics_offsets_[index], item.tensor)});
  }
  return views;
}

void GradientBuffer::zero() { gradients_.zero_(); }

void GradientBuffer::assert_attached() const {
  for (std::size_t index = 0; index < parameters_.size(); ++index) {
    const auto* place = static_cast<const std::byte*>(gradients_.const_data_ptr()) +
                        static_cast<std::size_t>(places_[index].offset) * gradients_.element_size();
    TORCH_INTERNAL_ASSERT(parameters_[index].tensor.grad().const_data_ptr() == place, parameters_[index].name,
                          ": its gradient has left the flat buffer");
  }
}

}  // namespace eoshard::train
