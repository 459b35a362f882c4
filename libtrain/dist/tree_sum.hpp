// BucketSum in the order of the reduction tree: bit-equal for any number of ranks, also where their shares differ.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "libtrain/dist/bucket_sum.hpp"
#include "libtrain/dist/reduction_tree.hpp"

namespace eoshard::train {

class TreeBucketSum final : public BucketSum {
 public:
  /// `micro_batches` a step; a rank computes its consecutive share of them (rank_share).
  TreeBucketSum(GradientBuffer& buffer, Collective& collective, std::int64_t micro_batches);

  void begin(std::int64_t micro_batch) override;
  void add_up(const Bucket& part) override;
  void end() override;
  void exchange(const Bucket& bucket, float factor) override;
  void finish() override;

 private:
  struct Subtree {
    TreeNode node;
    at::Tensor sum;
  };

  void spill();
  at::Tensor sum_slices(const Bucket& own);
  at::Tensor local_sum(std::size_t round, const Bucket& bucket);

  GradientBuffer& buffer_;
  Collective& collective_;
  std::int64_t micro_batches_;
  std::vector<std::vector<TreeNode>> roots_;  // subtrees that each rank ends with
  std::size_t rounds_ = 0;                    // the most that any has

  bool is_filled_ = false;              // the buffer holds a subtree's sum
  TreeNode node_;                       // which; during a micro-batch: the one that it will be
  std::vector<Subtree> spilled_;        // earlier subtrees of this rank, from left to right
  std::vector<at::Tensor> neighbours_;  // left neighbours that the micro-batch under way completes, nearest first
  std::vector<at::Tensor> free_;        // vectors to spill into
  at::Tensor received_;
};

}  // namespace eoshard::train
