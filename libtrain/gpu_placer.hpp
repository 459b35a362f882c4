// BatchPlacer for a GPU. Compiled only where CUDA is to be had.
#pragma once

#include <memory>

#include "libtrain/batch_placer.hpp"

namespace eoshard::train {

/// See make_batch_placer.
std::unique_ptr<BatchPlacer> make_gpu_placer(const ForwardPass& pass, const SplitReader& split,
                                             std::span<const std::int64_t> cached_samples);

}  // namespace eoshard::train
