#include <cuda_runtime.h>

#include "libtrain/core/device_array.cuh"
#include "libtrain/data/gpu_transform.hpp"
#include "libtrain/data/pixel_tile.hpp"

namespace eoshard::train {
namespace {

// A block a tile of a sample, put together in shared memory.
template <class Value>
__global__ void make_values(PixelTables tables, const PlacedSample* samples, Value* out) {
  __shared__ float values[kTileValues];
  const auto thread = static_cast<int>(threadIdx.x);
  const PlacedSample& sample = samples[blockIdx.x];
  Value* image = out + static_cast<std::int64_t>(blockIdx.x) * tables.rows * tables.columns * tables.bands;
  for (int band = 0; band < tables.bands; band += kTileBands) {
    const PixelTile tile = tile_at(tables, static_cast<int>(blockIdx.y), static_cast<int>(blockIdx.z), band);
    read_tile(tables, sample, tile, thread, values);
    __syncthreads();
    if (sample.is_mixed) {
      mix_tile(tables, samples[sample.partner], sample.share, tile, thread, values);
      __syncthreads();
    }
    write_tile(tables, tile, thread, values, image);
    __syncthreads();
  }
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
  const dim3 blocks(static_cast<unsigned>(samples.size()), static_cast<unsigned>(count_tiles(view.rows)),
                    static_cast<unsigned>(count_tiles(view.columns)));
  const PlacedSample* const placed = memory.samples->get();
  if (type == PixelType::float32) {
    make_values<<<blocks, kTileThreads, 0, stream>>>(view, placed, static_cast<float*>(out));
  } else {
    make_values<<<blocks, kTileThreads, 0, stream>>>(view, placed, static_cast<Bfloat16*>(out));
  }
  check_cuda(cudaGetLastError(), "the launch of the input's transform");
}

}  // namespace eoshard::train
