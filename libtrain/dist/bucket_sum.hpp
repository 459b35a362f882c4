// How micro-batches' gradients become their sum, within a rank and over ranks: what GradientReduction calls for each
// micro-batch and each bucket. Sums are taken in the gradient buffer, in place.
#pragma once

#include <cstdint>
#include <memory>

#include "libtrain/dist/collective.hpp"
#include "libtrain/dist/gradient_buffer.hpp"

namespace eoshard::train {

class BucketSum {
 public:
  virtual ~BucketSum() = default;

  /// Makes the buffer ready for micro-batch `micro_batch`, which is this rank's next: backward then adds to it.
  virtual void begin(std::int64_t micro_batch) = 0;

  /// Backward has added the micro-batch to this part of the buffer; `part` covers the buffer but once a micro-batch.
  virtual void add_up(const Bucket& part) = 0;

  /// add_up() has been called for all of the buffer.
  virtual void end() = 0;

  /// After a rank's last micro-batch's add_up() (or on a rank without any): sums the bucket over ranks and multiplies
  /// the sum by `factor`. Called bucket by bucket, perhaps beside backward, which still adds to others. Collective.
  virtual void exchange(const Bucket& bucket, float factor) = 0;

  /// All buckets of the step are exchanged.
  virtual void finish() = 0;
};

enum class Reduction { exact, fast };
enum class WireFormat { fp32, bf16 };

/// `exact`: in the order of one binary tree over `micro_batches`, with the same bits on any number of ranks (see
/// reduction_tree.hpp). `fast`: micro-batches one after the other, ranks by the library's all-reduce.
///
/// Over bf16 ranks exchange slices rounded to bfloat16, sum them in float32, and gather the sums rounded again: two
/// roundings for any number of ranks. The buffer's tail stays float32. Only with `fast`.
/// `buffer` and `collective` are borrowed.
std::unique_ptr<BucketSum> make_bucket_sum(GradientBuffer& buffer, Collective& collective, std::int64_t micro_batches,
                                           Reduction reduction, WireFormat wire);

}  // namespace eoshard::train
