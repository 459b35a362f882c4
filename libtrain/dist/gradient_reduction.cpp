#include "libtrain/dist/gradient_reduction.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <chrono>

#include "libingest/mpi/rank_watch.hpp"

namespace eoshard::train {
namespace {

using Clock = std::chrono::steady_clock;

std::function<double()> stopwatch() {
  return [start = Clock::now()] { return std::chrono::duration<double>(Clock::now() - start).count(); };
}

}  // namespace

GradientReduction::GradientReduction(GradientBuffer& buffer, Collective& collective, const ReductionOptions& options,
                                     std::function<void(const Bucket&)> on_finished)
    : buffer_(buffer),
      collective_(collective),
      options_(options),
      on_finished_(std::move(on_finished)),
      sum_(make_bucket_sum(buffer, collective, options.micro_batches, options.reduction, options.wire)),
      watch_(buffer, [this](std::size_t bucket) { finish_bucket(bucket); }),
      lane_(collective.size() > 1 ? make_lane(buffer.gradients().device()) : nullptr) {}

void GradientReduction::begin_trace() {
  seconds_ = stopwatch();
  trace_ = {};
  trace_.buckets.resize(buffer_.buckets().size());
}

void GradientReduction::begin(std::int64_t micro_batch) {
  is_last_ = micro_batch + 1 == options_.share.last;
  sum_->begin(micro_batch);
  if (!is_last_) return;
  begin_trace();
  if (!is_alone()) {
    collective_.set_awaited(false);
    if (options_.is_overlapped) watch_.arm();
  }
}

// Called in the order of buckets, in the middle of backward where it is watched. The last bucket waits for the tail.
void GradientReduction::finish_bucket(std::size_t bucket) {
  if (on_finished_) on_finished_(buffer_.buckets()[bucket]);
  if (bucket + 1 < buffer_.buckets().size()) launch(bucket);
}

void GradientReduction::end_backward() {
  if (is_last_) trace_.backward_ended_s = seconds_();
  if (is_last_ && !is_alone()) {
    if (!options_.is_overlapped) watch_.arm();
    watch_.finish();
  } else if (on_finished_) {
    for (const Bucket& bucket : buffer_.buckets()) on_finished_(bucket);
  }
}

void GradientReduction::end() {
  const at::NoGradGuard no_gradients;
  if (is_last_ && !is_alone()) {
    launch(buffer_.buckets().size() - 1);
    return;
  }
  sum_->add_up({0, buffer_.gradients().numel()});
  sum_->end();
}

void GradientReduction::launch(std::size_t bucket) {
  const Bucket part = buffer_.buckets()[bucket];
  ReductionTrace::BucketTimes& times = trace_.buckets[bucket];
  if (options_.share.size() > 0) sum_->add_up(part);
  times.bytes = part.length * static_cast<std::int64_t>(buffer_.gradients().element_size());
  times.launched_s = seconds_();
  lane_->launch([this, part, &times] {
    const at::NoGradGuard no_gradients;
    times.started_s = seconds_();
    sum_->exchange(part, static_cast<float>(mean_factor()));
    times.ended_s = seconds_();
  });
}

void GradientReduction::launch_all() {
  begin_trace();
  for (std::size_t bucket = 0; bucket < buffer_.buckets().size(); ++bucket) launch(bucket);
}

void GradientReduction::finish() {
  const at::NoGradGuard no_gradients;
  if (!is_alone()) {
    collective_.set_awaited(true);
    if (options_.share.size() == 0) launch_all();
    const WaitingForRanks waiting;
    lane_->wait();
    sum_->end();
  } else if (options_.micro_batches > 1) {
    buffer_.gradients().mul_(mean_factor());
  }
  sum_->finish();
}

}  // namespace eoshard::train
