#include "libtrain/gpu_placer.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "libtrain/data/gpu_transform.hpp"
#include "libtrain/data/stored_batch.hpp"

namespace eoshard::train {
namespace {

// Memory that the GPU can read by itself.
std::shared_ptr<std::byte[]> pinned_memory(std::size_t bytes) {
  const at::Tensor memory =
      at::empty({static_cast<std::int64_t>(bytes)}, at::TensorOptions(at::kByte).pinned_memory(true));
  return {static_cast<std::byte*>(memory.data_ptr()), [memory](std::byte*) {}};
}

at::Tensor device_bytes(std::int64_t rows, std::size_t row_bytes, at::Device device) {
  return at::empty({rows, static_cast<std::int64_t>(row_bytes)}, at::TensorOptions(device).dtype(at::kByte));
}

at::Tensor make_cache(const std::string& split, std::size_t samples, std::size_t sample_bytes, at::Device device) {
  std::size_t free = 0, total = 0;
  C10_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  const std::size_t wanted = samples * sample_bytes;
  constexpr double kShare = 0.7;  // the rest is for activations, workspaces and NCCL, which come later
  if (static_cast<double>(wanted) < kShare * static_cast<double>(free)) {
    const at::Tensor cache = device_bytes(static_cast<std::int64_t>(samples), sample_bytes, device);
    c10::cuda::device_synchronize();  // whoever had this memory is done with it
    return cache;
  }
  throw Error(ErrorKind::usage, fmt::format("--cache device: the {:.1f} GB that {} samples of {} take do not fit into "
                                            "{:.0f} % of the {:.1f} GB of memory that are "
                                            "free on the GPU; choose --cache decoded",
                                            static_cast<double>(wanted) / 1e9, samples, split, 100 * kShare,
                                            static_cast<double>(free) / 1e9));
}

// One for all placers of the process: memory that was taken on a stream is free for that stream alone.
c10::cuda::CUDAStream copying_stream(at::Device device) {
  static const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool(/*isHighPriority=*/true, device.index());
  return stream;
}

// Two batches' bytes lie on the device by turns, so that one is copied while the other is read. The copying stream
// waits until the launch that read a place is over; the launch waits for the copy.
class GpuPlacer final : public BatchPlacer {
 public:
  GpuPlacer(const ForwardPass& pass, const SplitReader& split, std::span<const std::int64_t> cached_samples)
      : pass_(pass),
        split_(split),
        type_(image_type(pass)),
        layout_(pass.input),
        maker_(layout_),
        transform_(make_pixel_tables(pass.input)),
        copying_(copying_stream(pass.device)) {
    if (cached_samples.empty()) return;
    cache_ = make_cache(split.name(), cached_samples.size(), layout_.bytes(), pass.device);
    is_kept_.resize(static_cast<std::size_t>(split.samples()), false);
    rows_.resize(is_kept_.size(), -1);
    for (std::size_t at = 0; at < cached_samples.size(); ++at)
      rows_[static_cast<std::size_t>(cached_samples[at])] = static_cast<std::int64_t>(at);
  }

  const SampleMaker& maker() const override { return maker_; }
  BatchMemory memory() const override { return pinned_memory; }
  bool is_wanted(std::int64_t sample) const override {
    return !cache_.defined() || !is_kept_[static_cast<std::size_t>(sample)];
  }

  bool can_fetch() const override { return true; }
  void fetch(const Batch& batch) override { fetched_ = {batch.images.data(), bring(batch)}; }

  DeviceBatch place(const Batch& batch, const std::optional<Mixing>& mixing) override {
    const at::NoGradGuard no_gradients;
    const Places places = take_fetched(batch);
    const c10::cuda::CUDAStream stream = c10::cuda::getCurrentCUDAStream(pass_.device.index());
    DeviceBatch placed;
    placed.targets = place_targets(pass_, batch, split_);
    if (mixing) mix_targets(placed, *mixing, split_.classes());
    const std::vector<PlacedSample> samples = place_samples(batch, mixing, places);
    copied_.block(stream);
    placed.images =
        at::empty({static_cast<std::int64_t>(samples.size()), static_cast<std::int64_t>(pass_.input.bands.size()),
                   pass_.input.rows, pass_.input.columns},
                  at::TensorOptions(pass_.device).dtype(tensor_type(type_)), at::MemoryFormat::ChannelsLast);
    transform_.apply(samples, type_, placed.images.data_ptr(), stream.stream());
    read_[turn_].record(stream);
    turn_ = 1 - turn_;
    copied_.synchronize();  // the loader may write to its memory again
    return placed;
  }

 private:
  using Places = std::vector<const std::byte*>;  // on the device, of each sample

  struct Fetched {
    const std::byte* images = nullptr;  // of the batch, in the loader's memory; none: nothing is fetched
    Places places;
  };

  Places take_fetched(const Batch& batch) {
    if (fetched_.images == nullptr) return bring(batch);
    const Fetched fetched = std::exchange(fetched_, {});
    TORCH_INTERNAL_ASSERT(fetched.images == batch.images.data(), "another batch was fetched");
    return fetched.places;
  }

  Places bring(const Batch& batch) { return cache_.defined() ? keep(batch) : copy(batch); }

  void queue_copy(void* to, const std::byte* from, std::size_t bytes) {
    C10_CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, copying_.stream()));
  }

  const std::byte* row(const at::Tensor& rows, std::int64_t at) const {
    return static_cast<const std::byte*>(rows.const_data_ptr()) + static_cast<std::size_t>(at) * layout_.bytes();
  }

  Places copy(const Batch& batch) {
    at::Tensor& staged = staged_[turn_];
    const auto count = static_cast<std::int64_t>(batch.samples.size());
    if (!staged.defined() || staged.size(0) < count) {
      if (staged.defined()) read_[turn_].synchronize();
      const c10::cuda::CUDAStreamGuard guard(copying_);
      staged = device_bytes(count, layout_.bytes(), pass_.device);
    }
    read_[turn_].block(copying_);
    queue_copy(staged.data_ptr(), batch.images.data(), batch.images.size_bytes());
    copied_.record(copying_);
    Places places;
    for (std::int64_t sample = 0; sample < count; ++sample) places.push_back(row(staged, sample));
    return places;
  }

  // Every sample has a row of its own, which is written once.
  Places keep(const Batch& batch) {
    Places places;
    for (std::size_t at = 0; at < batch.samples.size(); ++at) {
      const SampleRequest& request = batch.samples[at];
      places.push_back(row(cache_, rows_[static_cast<std::size_t>(request.sample)]));
      if (!request.is_wanted) continue;
      queue_copy(const_cast<std::byte*>(places.back()), batch.images.data() + at * layout_.bytes(), layout_.bytes());
      is_kept_[static_cast<std::size_t>(request.sample)] = true;
    }
    copied_.record(copying_);
    return places;
  }

  std::vector<PlacedSample> place_samples(const Batch& batch, const std::optional<Mixing>& mixing,
                                          const Places& places) const {
    std::vector<PlacedSample> samples;
    for (std::size_t at = 0; at < places.size(); ++at) {
      samples.push_back(orient(places[at], batch.samples[at].orientation, pass_.input.rows, pass_.input.columns));
      if (!mixing) continue;
      samples.back().is_mixed = true;
      samples.back().partner = static_cast<std::int32_t>(mixing->partners[at]);
      samples.back().share = mixing->shares[at];
    }
    return samples;
  }

  const ForwardPass& pass_;
  const SplitReader& split_;
  PixelType type_;
  StoredLayout layout_;
  StoredSamples maker_;
  GpuTransform transform_;
  c10::cuda::CUDAStream copying_;
  at::cuda::CUDAEvent copied_;
  std::array<at::cuda::CUDAEvent, 2> read_;
  std::array<at::Tensor, 2> staged_;  // (samples, bytes)
  std::size_t turn_ = 0;
  Fetched fetched_;
  at::Tensor cache_;                // (cached samples, bytes); undefined without a cache
  std::vector<bool> is_kept_;       // of each of the split's samples
  std::vector<std::int64_t> rows_;  // of each, in the cache; -1: none
};

}  // namespace

std::unique_ptr<BatchPlacer> make_gpu_placer(const ForwardPass& pass, const SplitReader& split,
                                             std::span<const std::int64_t> cached_samples) {
  return std::make_unique<GpuPlacer>(pass, split, cached_samples);
}

}  // namespace eoshard::train
