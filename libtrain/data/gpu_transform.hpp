// InputTransform on a GPU, with mix-up: one launch makes a batch of the network's input from stored samples. Compiled
// only where CUDA is to be had.
#pragma once

#include <memory>
#include <span>

#include "libtrain/data/pixel_type.hpp"
#include "libtrain/data/pixel_value.hpp"

namespace eoshard::train {

class GpuTransform {
 public:
  /// Puts the tables on the current device.
  explicit GpuTransform(const PixelTableData& tables);
  ~GpuTransform();

  /// Fills `out` (samples, rows, columns, bands) with values of `type` in the order of `stream` (a cudaStream_t); `out`
  /// and what the samples' `stored` point to lie on the device. `samples` may go when the call returns. What is mixed
  /// is rounded behind it.
  void apply(std::span<const PlacedSample> samples, PixelType type, void* out, void* stream);

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

}  // namespace eoshard::train
