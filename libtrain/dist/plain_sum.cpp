#include "libtrain/dist/plain_sum.hpp"

#include <ATen/ATen.h>

#include "libtrain/dist/lane_arithmetic.hpp"

namespace eoshard::train {

PlainBucketSum::PlainBucketSum(GradientBuffer& buffer, Collective& collective, WireFormat wire)
    : buffer_(buffer), collective_(collective), wire_(wire) {}

void PlainBucketSum::begin(std::int64_t) {
  if (!is_begun_) buffer_.zero();
  is_begun_ = true;
}

void PlainBucketSum::exchange(const Bucket& bucket, float factor) {
  const at::Tensor values = buffer_.gradients_of(bucket);
  if (!is_begun_) values.zero_();  // a rank without micro-batches
  if (wire_ == WireFormat::fp32) {
    sum_up(values, factor);
    return;
  }
  const std::int64_t weights = buffer_.weights_in(bucket);
  exchange_rounded(values.narrow(0, 0, weights), factor);
  if (weights < values.numel()) sum_up(values.narrow(0, weights, values.numel() - weights), factor);
}

void PlainBucketSum::sum_up(const at::Tensor& values, float factor) {
  collective_.sum(values);
  scale(values, factor, values);
}

// Every rank sums one slice in float32, in the order of ranks; what goes over the wire is bfloat16.
void PlainBucketSum::exchange_rounded(const at::Tensor& values, float factor) {
  const int ranks = collective_.size();
  const auto me = static_cast<std::size_t>(collective_.rank());
  const Pieces slices = equal_slices(values.numel(), ranks);
  const std::int64_t slice = slices.lengths[me];
  Pieces received;
  for (int rank = 0; rank < ranks; ++rank) {
    received.offsets.push_back(rank * slice);
    received.lengths.push_back(slice);
  }
  const at::TensorOptions wire_options = values.options().dtype(at::kBFloat16);
  const at::Tensor wire = at::empty({values.numel()}, wire_options), parts = at::empty({ranks * slice}, wire_options);
  convert(values, wire);
  collective_.exchange(wire, slices, parts, received);
  if (slice > 0) {
    const at::Tensor sum = at::empty({slice}, values.options()), part = at::empty({slice}, values.options());
    convert(parts.narrow(0, 0, slice), sum);
    for (int rank = 1; rank < ranks; ++rank) {
      convert(parts.narrow(0, rank * slice, slice), part);
      add_left(sum, part);
    }
    scale(sum, factor, sum);
    convert(sum, wire.narrow(0, slices.offsets[me], slice));
  }
  collective_.gather_all(wire, slices);
  convert(wire, values);
}

}  // namespace eoshard::train
