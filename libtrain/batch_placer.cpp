#include "libtrain/batch_placer.hpp"

#include <ATen/ATen.h>

#include <vector>

#include "libtrain/data/transform.hpp"
#ifdef EOSHARD_HAVE_CUDA
#include "libtrain/gpu_placer.hpp"
#endif

namespace eoshard::train {
namespace {

class HostPlacer final : public BatchPlacer {
 public:
  // Mixed images are rounded when they are mixed, by the network.
  HostPlacer(const ForwardPass& pass, const SplitReader& split, bool is_mixed)
      : pass_(pass),
        split_(split),
        type_(is_mixed ? PixelType::float32 : image_type(pass)),
        transform_(pass.input, PixelLayout::channels_last, type_) {}

  const SampleMaker& maker() const override { return transform_; }

  DeviceBatch place(const Batch& batch, const std::optional<Mixing>& mixing) override {
    DeviceBatch placed{borrow_images(batch).to(pass_.device), place_targets(pass_, batch, split_)};
    if (mixing) mix(placed, *mixing, split_.classes());
    return placed;
  }

 private:
  at::Tensor borrow_images(const Batch& batch) const {
    const auto samples = static_cast<std::int64_t>(batch.samples.size());
    const auto bands = static_cast<std::int64_t>(pass_.input.bands.size());
    const std::vector<std::int64_t> shape = {samples, bands, pass_.input.rows, pass_.input.columns};
    return at::from_blob(batch.images.data(), shape, c10::get_channels_last_strides_2d(shape),
                         at::TensorOptions(tensor_type(type_)));
  }

  const ForwardPass& pass_;
  const SplitReader& split_;
  PixelType type_;
  InputTransform transform_;
};

}  // namespace

std::unique_ptr<BatchPlacer> make_batch_placer(const ForwardPass& pass, const SplitReader& split, PlacerRules rules) {
#ifdef EOSHARD_HAVE_CUDA
  if (pass.device.is_cuda()) return make_gpu_placer(pass, split, rules.cached_samples);
#endif
  if (!rules.cached_samples.empty())
    throw Error(ErrorKind::usage, "--cache device keeps samples on a GPU, which --device cpu has not");
  return std::make_unique<HostPlacer>(pass, split, rules.is_mixed);
}

}  // namespace eoshard::train
