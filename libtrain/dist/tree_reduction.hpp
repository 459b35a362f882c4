// Mean over a step's micro-batches of the vector in a gradient buffer, in the order of the reduction tree: bit-equal
// for any number of ranks, also where their shares differ.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "libtrain/dist/collective.hpp"
#include "libtrain/dist/gradient_buffer.hpp"
#include "libtrain/dist/reduction_tree.hpp"

namespace eoshard::train {

class TreeReduction {
 public:
  /// `micro_batches` a step; this rank computes its consecutive share of them (rank_share). Everything is borrowed.
  TreeReduction(GradientBuffer& buffer, Collective& collective, std::int64_t micro_batches);

  /// Makes the buffer ready for micro-batch `micro_batch`, which must be this rank's next: backward then adds to it.
  void begin(std::int64_t micro_batch);

  /// The buffer has micro-batch `micro_batch` added.
  void end(std::int64_t micro_batch);

  /// After the last micro-batch: leaves the mean over all of the step's micro-batches in the buffer. Collective.
  void finish();

 private:
  struct Subtree {
    TreeNode node;
    at::Tensor sum;
  };

  bool is_pair_open(std::int64_t micro_batch) const;
  void spill();
  void join();
  void exchange_bucket(const Bucket& bucket);
  at::Tensor sum_slices(const at::Tensor& received, std::int64_t slice);
  at::Tensor local_sum(std::size_t round, const Bucket& bucket);

  GradientBuffer& buffer_;
  Collective& collective_;
  std::int64_t micro_batches_;
  std::vector<std::vector<TreeNode>> roots_;  // subtrees that each rank ends with
  std::size_t rounds_ = 0;                    // the most that any has

  bool is_filled_ = false;        // the buffer holds a subtree's sum
  TreeNode node_;                 // which
  std::vector<Subtree> spilled_;  // earlier subtrees of this rank, from left to right
  std::vector<at::Tensor> free_;  // vectors to spill into
  at::Tensor received_;
};

}  // namespace eoshard::train
