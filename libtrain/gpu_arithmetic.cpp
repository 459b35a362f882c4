#include "libtrain/gpu_arithmetic.hpp"

#include <ATen/Context.h>

#include <cstdlib>
#include <exception>

#include "libingest/core/error.hpp"
#ifdef EOSHARD_HAVE_CUDA
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#endif

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

#ifdef EOSHARD_HAVE_CUDA
std::string why_no_gpu() {
  try {
    c10::cuda::device_count_ensure_non_zero();
    return "";
  } catch (const std::exception& error) {
    const std::string reason = reason_of(error);
    return reason.substr(0, reason.find('\n'));
  }
}

void take_gpu(c10::Device device) {
  c10::cuda::set_device(device.index());
  c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index()));
}
#else
std::string why_no_gpu() { return "built without CUDA"; }

void take_gpu(c10::Device) { throw Error(ErrorKind::internal, "this program was built without CUDA"); }
#endif

}  // namespace eoshard::train
