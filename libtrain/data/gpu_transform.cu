#include <cuda_runtime.h>

#include "libtrain/core/device_array.cuh"
#include "libtrain/data/gpu_transform.hpp"

namespace eoshard::train {
namespace {

constexpr int kThreads = 256;

// A thread a value, in the order in which they lie in memory: neighbours write side by side.
template <class Value>
__global__ void make_values(PixelTables tables, const PlacedSample* samples, std::int64_t values, Value* out) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (at < values) store(batch_value(tables, samples, at), out[at]);
}

}  // namespace

struct GpuTransform::Memory {
  explicit Memory(const PixelTableData& tables)
      : grids(tables.grids), channels(tables.channels), places(tables.places), weights(tables.weights) {
    view = tables.view();
    view.grids = grids.get();
    view.channels = channels.get();
    view.places = places.get();
    view.weights = weights.get();
  }

  DeviceArray<StoredGrid> grids;
  DeviceArray<InputChannel> channels;
  DeviceArray<std::int32_t> places;
  DeviceArray<float> weights;
  PixelTables view;
  std::unique_ptr<DeviceArray<PlacedSample>> samples;
  std::size_t room = 0;  // for samples
};

GpuTransform::GpuTransform(const PixelTableData& tables) : memory_(std::make_unique<Memory>(tables)) {}

GpuTransform::~GpuTransform() = default;

// The list of samples is copied in the order of the stream: behind the launch before, which reads it.
void GpuTransform::apply(std::span<const PlacedSample> samples, PixelType type, void* out, void* stream_of_caller) {
  if (samples.empty()) return;
  const auto stream = static_cast<cudaStream_t>(stream_of_caller);
  Memory& memory = *memory_;
  if (memory.room < samples.size()) {
    check_cuda(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
    memory.samples = std::make_unique<DeviceArray<PlacedSample>>(samples.size());
    memory.room = samples.size();
  }
  check_cuda(
      cudaMemcpyAsync(memory.samples->get(), samples.data(), samples.size_bytes(), cudaMemcpyHostToDevice, stream),
      "cudaMemcpyAsync");
  const PixelTables& view = memory.view;
  const std::int64_t values = static_cast<std::int64_t>(samples.size()) * view.rows * view.columns * view.bands;
  const auto blocks = static_cast<unsigned>((values + kThreads - 1) / kThreads);
  const PlacedSample* const placed = memory.samples->get();
  if (type == PixelType::float32) {
    make_values<<<blocks, kThreads, 0, stream>>>(view, placed, values, static_cast<float*>(out));
  } else {
    make_values<<<blocks, kThreads, 0, stream>>>(view, placed, values, static_cast<Bfloat16*>(out));
  }
  check_cuda(cudaGetLastError(), "the launch of the input's transform");
}

}  // namespace eoshard::train
