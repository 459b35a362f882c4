// Tells, in the middle of backward, when all gradients of a bucket are in the gradient buffer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "libtrain/dist/gradient_buffer.hpp"

namespace torch::autograd {
struct Node;
}

namespace eoshard::train {

class BucketWatch {
 public:
  /// `on_ready(bucket)` is called by the thread that runs backward, with gradients off, for one bucket after the other
  /// in their order: bucket k when it and all before it are complete. References are borrowed.
  BucketWatch(const GradientBuffer& buffer, std::function<void(std::size_t)> on_ready);
  ~BucketWatch();
  BucketWatch(const BucketWatch&) = delete;
  BucketWatch& operator=(const BucketWatch&) = delete;

  /// The next backward is to be watched.
  void arm();

  /// Backward is over: the buckets that are still out (parameters without a gradient) are ready now.
  void finish();

 private:
  struct Hook {
    std::shared_ptr<torch::autograd::Node> accumulator;  // kept: parameters hold it weakly, and the hook with it
    std::uintptr_t key;
  };

  void note(std::size_t bucket);
  void tell_ready();

  std::function<void(std::size_t)> on_ready_;
  std::vector<Hook> hooks_;
  std::vector<std::int64_t> parameters_;  // in each bucket
  std::vector<std::int64_t> missing_;     // of them, in the backward that is watched
  std::size_t next_ = 0;                  // bucket to be told of next
  bool is_armed_ = false;
};

}  // namespace eoshard::train
