// Memory of a GPU for CUDA sources, and the check of CUDA's calls.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <string>
#include <vector>

#include "libingest/core/error.hpp"

namespace eoshard::train {

/// @throws Error{internal} naming the call unless it succeeded.
inline void check_cuda(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  throw Error(ErrorKind::internal, std::string(call) + " failed: " + cudaGetErrorString(status));
}

/// Device memory for `count` values, released with its owner.
template <class Value>
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t count) {
    check_cuda(cudaMalloc(&data_, std::max<std::size_t>(1, count) * sizeof(Value)), "cudaMalloc");
  }
  /// Filled when the constructor returns, for every stream.
  explicit DeviceArray(const std::vector<Value>& values) : DeviceArray(values.size()) {
    check_cuda(cudaMemcpy(data_, values.data(), values.size() * sizeof(Value), cudaMemcpyHostToDevice), "cudaMemcpy");
    check_cuda(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  Value* get() const { return static_cast<Value*>(data_); }

 private:
  void* data_ = nullptr;
};

}  // namespace eoshard::train
