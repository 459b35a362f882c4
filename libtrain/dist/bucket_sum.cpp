#include "libtrain/dist/bucket_sum.hpp"

#include "libtrain/dist/plain_sum.hpp"
#include "libtrain/dist/tree_sum.hpp"

namespace eoshard::train {

std::unique_ptr<BucketSum> make_bucket_sum(GradientBuffer& buffer, Collective& collective, std::int64_t micro_batches,
                                           Reduction reduction, WireFormat wire) {
  if (reduction == Reduction::fast) return std::make_unique<PlainBucketSum>(buffer, collective, wire);
  if (wire == WireFormat::bf16) {
    throw Error(ErrorKind::usage,
                "the exact reduction has the same bits on any number of ranks, which bfloat16 on the wire has not; "
                "choose --reduction fast with --wire bf16");
  }
  return std::make_unique<TreeBucketSum>(buffer, collective, micro_batches);
}

}  // namespace eoshard::train
