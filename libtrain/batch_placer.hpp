// From the loader's batches to what the network is trained on, on the training device: mixed images and targets.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "libtrain/forward_pass.hpp"

namespace eoshard::train {

class BatchPlacer {
 public:
  virtual ~BatchPlacer() = default;

  /// What the loader's threads make of samples, and the memory that they put them in.
  virtual const SampleMaker& maker() const = 0;
  virtual BatchMemory memory() const { return huge_pages; }

  /// Whether the loader has to read this sample: not where it lies on the device already.
  virtual bool is_wanted(std::int64_t) const { return true; }

  /// Whether a batch can be brought to the device before it is placed there.
  virtual bool can_fetch() const { return false; }
  /// Begins to do so, beside what the device computes; place() of the same batch comes next.
  virtual void fetch(const Batch&) {}

  /// The batch on the device, in the order of the current stream. On the CPU images may borrow the loader's memory.
  virtual DeviceBatch place(const Batch& batch, const std::optional<Mixing>& mixing) = 0;
};

struct PlacerRules {
  bool is_mixed = false;  ///< place() is given mixings
  std::span<const std::int64_t>
      cached_samples;  ///< the split's, that stay on the GPU, and no others come; none: no cache
};

/// On CPUs the loader's threads make the network's input. On GPUs they leave samples as they are stored, in pinned
/// memory; a stream of its own copies them and one launch makes the input. Images are of image_type(pass), but float32
/// where a CPU mixes them. References are borrowed. @throws Error{usage} where the cached samples do not fit into the
/// GPU's memory.
std::unique_ptr<BatchPlacer> make_batch_placer(const ForwardPass& pass, const SplitReader& split, PlacerRules rules);

}  // namespace eoshard::train
