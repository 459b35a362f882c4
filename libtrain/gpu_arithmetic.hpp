// How LibTorch computes on a GPU in this process: in TF32 or not, reproducibly or by whatever is fastest.
#pragma once

#include <c10/core/Device.h>

#include <string>

#include "libtrain/core/train_options.hpp"

namespace eoshard::train {

/// Sets it as options.tf32 and options.deterministic say. To be called before anything is computed on a GPU. CPUs know
/// no TF32 and compute reproducibly anyway: with --device cpu nothing is changed.
void choose_gpu_arithmetic(const TrainOptions& options);

/// Why no GPU is to be seen, as LibTorch says it: no driver, one that is too old, no device. Empty where there is one.
std::string why_no_gpu();

/// Makes a GPU the calling thread's, and gives the thread's work there a stream of its own: the default stream cannot
/// be captured (see graphed_step.hpp).
void take_gpu(c10::Device device);

}  // namespace eoshard::train
