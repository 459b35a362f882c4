// Flat memory for what training updates: weights, gradients, momenta and batch-norm statistics, each one vector.
//
// Parameters lie in reverse layer order, the order in which backward finishes their gradients, and fall into buckets
// of consecutive elements that are communicated one by one. Each tensor begins at a multiple of kFlatAlignment
// elements, as kernels of cuDNN want it; what lies between them is zero and stays so. The last bucket ends in a tail of
// figures that are averaged over micro-batches with the gradients: the batch-norm statistics, the loss, requests to
// stop, and gradient norms.
//
// Build it when the network is on its device with its types settled: moving or converting a module, and zeroing its
// gradients through it, detach the views that are made here.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "libtrain/core/named_tensor.hpp"

namespace eoshard::train {

/// Place of one tensor in a flat vector.
struct FlatPlace {
  std::string name;
  std::int64_t offset = 0;
  std::int64_t length = 0;
  std::int64_t dimensions = 1;  ///< of the tensor: 4 for a convolution's weights, 2 for a linear layer's
};

struct Bucket {
  std::int64_t offset = 0;
  std::int64_t length = 0;
};

inline constexpr std::int64_t kDefaultBucketBytes = std::int64_t{25} << 20;

class GradientBuffer {
 public:
  /// Takes over the storage of the network's tensors: each becomes a view of a flat vector (convolution weights in
  /// channels-last order, so that no kernel has to reorder them).
  GradientBuffer(NamedTensors parameters, NamedTensors statistics, std::int64_t bucket_bytes = kDefaultBucketBytes);

  const std::vector<FlatPlace>& places() const { return places_; }  ///< of parameters, in flat order
  const std::vector<Bucket>& buckets() const { return buckets_; }   ///< cover gradients(), the tail included
  std::size_t bucket_at(std::int64_t offset) const;                 ///< number of the bucket that holds this element
  const at::Tensor& parameter(std::size_t index) const { return parameters_[index].tensor; }  ///< of places()[index]

  const at::Tensor& weights() const { return weights_; }      ///< (parameters, with what lies between them)
  const at::Tensor& gradients() const { return gradients_; }  ///< (parameters + tail): the vector that is reduced
  at::Tensor gradient_tail() const;                           ///< (statistics + kFigures), a view of gradients()
  const at::Tensor& statistics() const {
    return statistics_;
  }  ///< (statistics): what forward left in the batch-norm buffers

  static constexpr std::int64_t kFigures = 3;  ///< loss, requests to stop, a micro-batch's squared gradient

  /// Views of `flat` (as long as weights()) with the parameters' names, shapes and layout.
  NamedTensors parameter_views(const at::Tensor& flat) const;
  /// The same for vectors as long as statistics().
  NamedTensors statistics_views(const at::Tensor& flat) const;

  /// Zeroes gradients and tail. Never zero them through the network: that detaches them.
  void zero();

  /// The part of gradients() that is a bucket, and within it what belongs to weights (the rest is tail).
  at::Tensor gradients_of(const Bucket& bucket) const;
  std::int64_t weights_in(const Bucket& bucket) const;

  /// Debug check that every parameter's gradient still lies in this buffer.
  void assert_attached() const;

 private:
  void attach_parameters();
  void attach_statistics();
  void cut_buckets(std::int64_t bucket_bytes);

  NamedTensors parameters_;  // in flat order
  NamedTensors statistics_tensors_;
  std::vector<FlatPlace> places_;
  std::vector<std::int64_t> statistics_offsets_;
  std::vector<Bucket> buckets_;
  at::Tensor weights_, gradients_, statistics_;
};

}  // namespace eoshard::train
