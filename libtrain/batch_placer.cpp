#include "libtrain/batch_placer.hpp"

#include "libtrain/data/transform.hpp"
#ifdef EOSHARD_HAVE_CUDA
#include "libtrain/gpu_placer.hpp"
#endif

namespace eoshard::train {
namespace {

class HostPlacer final : public BatchPlacer {
 public:
  HostPlacer(const ForwardPass& pass, const SplitReader& split)
      : pass_(pass), split_(split), transform_(pass.input, PixelLayout::channels_last) {}

  const SampleMaker& maker() const override { return transform_; }

  DeviceBatch place(const Batch& batch, const std::optional<Mixing>& mixing) override {
    DeviceBatch placed = place_batch(pass_, batch, split_);
    if (mixing) mix(placed, *mixing, split_.classes());
    return placed;
  }

 private:
  const ForwardPass& pass_;
  const SplitReader& split_;
  InputTransform transform_;
};

}  // namespace

std::unique_ptr<BatchPlacer> make_batch_placer(const ForwardPass& pass, const SplitReader& split, bool is_cached) {
#ifdef EOSHARD_HAVE_CUDA
  if (pass.device.is_cuda()) return make_gpu_placer(pass, split, is_cached);
#endif
  if (is_cached) throw Error(ErrorKind::usage, "--cache device keeps samples on a GPU, which --device cpu has not");
  return std::make_unique<HostPlacer>(pass, split);
}

}  // namespace eoshard::train
