// BucketSum by the library's all-reduce, or over bfloat16: fast, with bits that depend on the number of ranks.
#pragma once

#include <ATen/core/Tensor.h>

#include "libtrain/dist/bucket_sum.hpp"

namespace eoshard::train {

class PlainBucketSum final : public BucketSum {
 public:
  PlainBucketSum(GradientBuffer& buffer, Collective& collective, WireFormat wire);

  void begin(std::int64_t micro_batch) override;
  void add_up(const Bucket&) override {}
  void end() override {}
  void exchange(const Bucket& bucket, float factor) override;
  void finish() override { is_begun_ = false; }

 private:
  void exchange_rounded(const at::Tensor& values, float factor);
  void sum_up(const at::Tensor& values, float factor);

  GradientBuffer& buffer_;
  Collective& collective_;
  WireFormat wire_;
  bool is_begun_ = false;  // the buffer holds this step's gradients
};

}  // namespace eoshard::train
