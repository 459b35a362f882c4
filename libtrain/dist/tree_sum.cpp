#include "libtrain/dist/tree_sum.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "libtrain/core/rank_share.hpp"
#include "libtrain/dist/lane_arithmetic.hpp"

namespace eoshard::train {

TreeBucketSum::TreeBucketSum(GradientBuffer& buffer, Collective& collective, std::int64_t micro_batches)
    : buffer_(buffer), collective_(collective), micro_batches_(micro_batches) {
  for (int rank = 0; rank < collective.size(); ++rank) {
    const Range share = rank_share(micro_batches, rank, collective.size());
    roots_.push_back(subtree_roots(share.first, share.last, micro_batches));
    rounds_ = std::max(rounds_, roots_.back().size());
  }
}

// Backward adds the second of a pair onto the first by itself: the tree's sum, without a copy.
void TreeBucketSum::begin(std::int64_t micro_batch) {
  if (is_filled_ && are_siblings(node_, {0, micro_batch})) {
    node_ = parent(node_);
  } else {
    if (is_filled_) spill();
    buffer_.zero();
    node_ = {0, micro_batch};
  }
  is_filled_ = true;
  node_ = promote(node_, micro_batches_);
  while (!spilled_.empty() && are_siblings(spilled_.back().node, node_)) {
    neighbours_.push_back(spilled_.back().sum);
    spilled_.pop_back();
    node_ = promote(parent(node_), micro_batches_);
  }
}

void TreeBucketSum::spill() {
  if (free_.empty()) free_.push_back(at::empty_like(buffer_.gradients()));
  free_.back().copy_(buffer_.gradients());
  spilled_.push_back({node_, free_.back()});
  free_.pop_back();
}

// Floating-point addition commutes, so right += left is left + right.
void TreeBucketSum::add_up(const Bucket& part) {
  const at::Tensor sum = buffer_.gradients_of(part);
  for (const at::Tensor& left : neighbours_) sum.add_(left.narrow(0, part.offset, part.length));
}

void TreeBucketSum::end() {
  free_.insert(free_.end(), neighbours_.begin(), neighbours_.end());
  neighbours_.clear();
#ifndef NDEBUG
  buffer_.assert_attached();
#endif
}

void TreeBucketSum::finish() {
  for (Subtree& subtree : spilled_) free_.push_back(subtree.sum);
  spilled_.clear();
  is_filled_ = false;
}

// This rank's subtree number `round` within the bucket; the last lies in the buffer itself.
at::Tensor TreeBucketSum::local_sum(std::size_t round, const Bucket& bucket) {
  const at::Tensor& sum = round < spilled_.size() ? spilled_[round].sum : buffer_.gradients();
  return sum.narrow(0, bucket.offset, bucket.length);
}

// Every rank sums one slice of the bucket over all subtrees of all ranks, then all gather the slices. A rank's own
// subtrees stay where they are.
void TreeBucketSum::exchange(const Bucket& bucket, float factor) {
  const int ranks = collective_.size(), me = collective_.rank();
  const Pieces slices = equal_slices(bucket.length, ranks);
  const std::int64_t slice = slices.lengths[static_cast<std::size_t>(me)];
  const std::int64_t received_length = static_cast<std::int64_t>(rounds_) * ranks * slices.lengths.front();
  if (!received_.defined() || received_.numel() < received_length) {
    received_ = at::empty({received_length}, buffer_.gradients().options());
  }
  for (std::size_t round = 0; round < rounds_; ++round) {
    Pieces sent = slices, received;
    sent.lengths[static_cast<std::size_t>(me)] = 0;
    if (round >= roots_[static_cast<std::size_t>(me)].size()) std::fill(sent.lengths.begin(), sent.lengths.end(), 0);
    for (int rank = 0; rank < ranks; ++rank) {
      received.offsets.push_back((static_cast<std::int64_t>(round) * ranks + rank) * slice);
      const bool is_sent = rank != me && round < roots_[static_cast<std::size_t>(rank)].size();
      received.lengths.push_back(is_sent ? slice : 0);
    }
    collective_.exchange(local_sum(round, bucket), sent, received_, received);
  }
  const at::Tensor flat = buffer_.gradients_of(bucket);
  if (slice > 0) {
    const Bucket own{bucket.offset + slices.offsets[static_cast<std::size_t>(me)], slice};
    scale(sum_slices(own), factor, buffer_.gradients_of(own));
  }
  collective_.gather_all(flat, slices);
}

// Of the part of this rank: what was received, and its own, which the sum may overwrite.
at::Tensor TreeBucketSum::sum_slices(const Bucket& own) {
  const auto add = [](const at::Tensor& left, const at::Tensor& right) {
    add_left(right, left);
    return right;
  };
  TreeSum<at::Tensor, decltype(add)> sum(micro_batches_, add);
  for (std::size_t rank = 0; rank < roots_.size(); ++rank) {
    for (std::size_t round = 0; round < roots_[rank].size(); ++round) {
      const bool is_own = rank == static_cast<std::size_t>(collective_.rank());
      const std::int64_t place = static_cast<std::int64_t>(round * roots_.size() + rank) * own.length;
      sum.push(roots_[rank][round], is_own ? local_sum(round, own) : received_.narrow(0, place, own.length));
    }
  }
  TORCH_INTERNAL_ASSERT(sum.items().size() == 1);
  return sum.items().front().value;
}

}  // namespace eoshard::train
