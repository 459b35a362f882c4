#include "libtrain/dist/bucket_watch.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/utils/lambda_post_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>

namespace eoshard::train {

using torch::autograd::variable_list;

BucketWatch::BucketWatch(const GradientBuffer& buffer, std::function<void(std::size_t)> on_ready)
    : on_ready_(std::move(on_ready)), parameters_(buffer.buckets().size(), 0) {
  for (std::size_t index = 0; index < buffer.places().size(); ++index) {
    const std::size_t bucket = buffer.bucket_at(buffer.places()[index].offset);
    ++parameters_[bucket];
    const auto accumulator = torch::autograd::impl::grad_accumulator(buffer.parameter(index));
    const std::uintptr_t key = accumulator->add_post_hook(std::make_unique<torch::autograd::utils::LambdaPostHook>(
        [this, bucket](const variable_list& outputs, const variable_list&) {
          note(bucket);
          return outputs;
        }));
    hooks_.push_back({accumulator, key});
  }
}

BucketWatch::~BucketWatch() {
  for (const Hook& hook : hooks_) hook.accumulator->del_post_hook(hook.key);
}

void BucketWatch::arm() {
  missing_ = parameters_;
  next_ = 0;
  is_armed_ = true;
}

void BucketWatch::note(std::size_t bucket) {
  if (!is_armed_) return;
  --missing_[bucket];
  tell_ready();
}

void BucketWatch::tell_ready() {
  const at::NoGradGuard no_gradients;
  while (next_ < missing_.size() && missing_[next_] <= 0) on_ready_(next_++);
}

void BucketWatch::finish() {
  std::ranges::fill(missing_, 0);
  tell_ready();
  is_armed_ = false;
}

}  // namespace eoshard::train
