// Mean of a step's gradients over its micro-batches and over ranks, bucket by bucket: a bucket's communication begins
// as soon as the rank's last micro-batch's backward has finished its gradients, and runs while backward goes on.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "libtrain/core/rank_share.hpp"
#include "libtrain/dist/bucket_sum.hpp"
#include "libtrain/dist/bucket_watch.hpp"
#include "libtrain/dist/communication_lane.hpp"

namespace eoshard::train {

/// When a step's buckets were communicated, in seconds after its last micro-batch began on this rank (on a rank without
/// micro-batches: after finish() was called). On GPUs these are times of queueing.
struct ReductionTrace {
  struct BucketTimes {
    std::int64_t bytes = 0;
    double launched_s = 0;
    double started_s = 0;
    double ended_s = 0;
  };
  double backward_ended_s = 0;  ///< of the last micro-batch
  std::vector<BucketTimes> buckets;
};

struct ReductionOptions {
  std::int64_t micro_batches = 1;  ///< in a step
  Range share;                     ///< of them, that this rank computes
  Reduction reduction = Reduction::exact;
  WireFormat wire = WireFormat::fp32;
  bool is_overlapped = true;  ///< buckets are communicated while backward goes on; else all of them behind it
};

class GradientReduction {
 public:
  /// `on_finished` is called with each bucket of each micro-batch when backward has added the micro-batch to it, before
  /// anything else is: what the buffer holds of it is then backward's alone. `buffer` and `collective` are borrowed.
  GradientReduction(GradientBuffer& buffer, Collective& collective, const ReductionOptions& options,
                    std::function<void(const Bucket&)> on_finished = {});

  /// Makes the buffer ready for micro-batch `micro_batch`, which must be this rank's next: backward then adds to it.
  void begin(std::int64_t micro_batch);

  /// Backward has returned; figures may now be added to the buffer's tail.
  void end_backward();

  /// The buffer has the micro-batch added, the tail included.
  void end();

  /// After the last micro-batch: leaves the mean over all of the step's micro-batches in the buffer. Collective.
  void finish();

  const ReductionTrace& trace() const { return trace_; }  ///< of the last finished step
  /// Seconds for which its gradients kept what follows waiting: communication that nothing hid. On a GPU it may be
  /// asked for when that has been computed.
  double waited_s() const { return is_alone() ? 0 : lane_->waited_s(); }

 private:
  bool is_alone() const { return lane_ == nullptr; }
  double mean_factor() const { return 1.0 / static_cast<double>(options_.micro_batches); }
  void finish_bucket(std::size_t bucket);
  void launch(std::size_t bucket);
  void launch_all();
  void begin_trace();

  GradientBuffer& buffer_;
  Collective& collective_;
  ReductionOptions options_;
  std::function<void(const Bucket&)> on_finished_;
  std::unique_ptr<BucketSum> sum_;
  BucketWatch watch_;
  bool is_last_ = false;  // the micro-batch under way is this rank's last
  std::function<double()> seconds_;
  ReductionTrace trace_;
  std::unique_ptr<CommunicationLane> lane_;  // last: its thread uses the others; none on one rank
};

}  // namespace eoshard::train
