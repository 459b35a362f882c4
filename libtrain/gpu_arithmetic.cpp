#include "libtrain/gpu_arithmetic.hpp"

#include <ATen/Context.h>

#include <cstdlib>

namespace eoshard::train {

// LibTorch refuses cuBLAS in deterministic mode unless its workspaces are of a fixed size, which cuBLAS reads from the
// environment (NVIDIA, cuBLAS documentation, "Results reproducibility"). The same mode fills memory that is to be
// overwritten anyway; that is left out.
void choose_gpu_arithmetic(const TrainOptions& options) {
  if (options.device != "cuda") return;
  if (options.deterministic) ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  at::Context& context = at::globalContext();
  context.setAllowTF32CuDNN(options.tf32);
  context.setAllowTF32CuBLAS(options.tf32);
  context.setBenchmarkCuDNN(!options.deterministic);
  context.setDeterministicCuDNN(options.deterministic);
  context.setDeterministicAlgorithms(options.deterministic, /*warn_only=*/false);
  context.setDeterministicFillUninitializedMemory(false);
}

}  // namespace eoshard::train
