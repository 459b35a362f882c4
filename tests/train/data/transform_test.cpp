// The fused pass against LibTorch's own interpolation, flips and rotations.
#include "libtrain/data/transform.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <map>
#include <tuple>

#include "tests/support/synthetic_dataset.hpp"

namespace eoshard::train {
namespace {

InputSpec all_bands(std::vector<ingest::ImageArray> arrays, const std::string& upsample = "bilinear") {
  ingest::DatasetManifest manifest;
  manifest.arrays = std::move(arrays);
  ingest::Split split{"train", 1, {}, {}};
  double mean = 300;
  for (const auto& array : manifest.arrays) {
    for (const auto& band : array.bands) split.statistics.push_back({band, 1, 0, 9, mean += 111, mean / 3, "0", "0"});
  }
  manifest.splits = {split};
  return make_input_spec(manifest, {}, {"native", upsample});
}

// (bands, rows, columns) as LibTorch makes it from the same stored values.
at::Tensor reference(const InputSpec& spec, const ingest::SyntheticDataset& data, Orientation orientation) {
  std::vector<at::Tensor> bands;
  for (const InputBand& band : spec.bands) {
    const auto& shape = spec.arrays[band.array].sample_shape;
    const auto stored = ingest::synthetic_values(data, 0, 0, band.array);
    at::Tensor values = at::empty({1, 1, shape[1], shape[2]}, at::kFloat);
    for (std::int64_t pixel = 0; pixel < shape[1] * shape[2]; ++pixel) {
      values.data_ptr<float>()[pixel] = stored[static_cast<std::size_t>(band.index * shape[1] * shape[2] + pixel)];
    }
    namespace F = torch::nn::functional;
    const std::vector<std::int64_t> size = {spec.rows, spec.columns};
    auto options = F::InterpolateFuncOptions().size(size);
    switch (spec.upsample) {
      case ingest::UpsampleMethod::nearest: options.mode(torch::kNearest); break;
      case ingest::UpsampleMethod::bilinear: options.mode(torch::kBilinear).align_corners(false); break;
      case ingest::UpsampleMethod::bicubic: options.mode(torch::kBicubic).align_corners(false); break;
    }
    values = F::interpolate(values, options);
    bands.push_back(((values - band.mean) / band.standard_deviation)[0]);
  }
  at::Tensor cube = at::cat(bands);
  if (orientation.flip_rows) cube = cube.flip({1});
  if (orientation.flip_columns) cube = cube.flip({2});
  return at::rot90(cube, orientation.quarter_turns, {1, 2}).contiguous();
}

at::Tensor fused(const InputSpec& spec, const ingest::SyntheticDataset& data, Orientation orientation,
                 PixelLayout layout) {
  std::vector<std::vector<std::byte>> arrays;
  for (std::size_t array = 0; array < spec.arrays.size(); ++array) {
    const auto values = ingest::synthetic_values(data, 0, 0, array);
    std::vector<std::byte> bytes;
    for (const std::uint16_t value : values) {
      bytes.push_back(static_cast<std::byte>(value));
      if (spec.arrays[array].dtype == "uint16") bytes.push_back(static_cast<std::byte>(value >> 8));
    }
    arrays.push_back(bytes);
  }
  const auto bands = static_cast<std::int64_t>(spec.bands.size());
  std::vector<std::int64_t> shape = {bands, spec.rows, spec.columns};
  if (layout == PixelLayout::channels_last) shape = {spec.rows, spec.columns, bands};
  at::Tensor out = at::full(shape, 1e9F);
  std::vector<float> scratch;
  const InputTransform transform(spec, layout);
  const std::vector<std::span<const std::byte>> views(arrays.begin(), arrays.end());
  transform.apply(views, orientation, {out.data_ptr<float>(), static_cast<std::size_t>(out.numel())}, scratch);
  return layout == PixelLayout::planar ? out : out.permute({2, 0, 1});
}

class TransformTest : public testing::TestWithParam<PixelLayout> {};

TEST_P(TransformTest, EqualsInterpolateFlipAndRotate) {
  ingest::SyntheticDataset data;
  data.arrays = ingest::sentinel_arrays(120);
  const InputSpec spec = all_bands(data.arrays);
  for (const bool flip_rows : {false, true}) {
    for (const bool flip_columns : {false, true}) {
      for (int turns = 0; turns < 4; ++turns) {
        const Orientation orientation{flip_rows, flip_columns, turns};
        // Cube order mixes the arrays: the spec's band.array says which one each comes from.
        const at::Tensor difference = fused(spec, data, orientation, GetParam()) - reference(spec, data, orientation);
        EXPECT_LT(difference.abs().max().item<float>(), 2e-5F) << flip_rows << flip_columns << turns;
      }
    }
  }
}

TEST_P(TransformTest, UpsamplesInEveryWay) {
  ingest::SyntheticDataset data;
  data.arrays = ingest::sentinel_arrays(60);
  std::vector<at::Tensor> images;
  for (const char* upsample : {"nearest", "bilinear", "bicubic"}) {
    const InputSpec spec = all_bands(data.arrays, upsample);
    const Orientation orientation{false, true, 1};
    images.push_back(fused(spec, data, orientation, GetParam()));
    const at::Tensor difference = images.back() - reference(spec, data, orientation);
    EXPECT_LT(difference.abs().max().item<float>(), 2e-5F) << upsample;
  }
  EXPECT_GT((images[0] - images[1]).abs().max().item<float>(), 0.01F);
  EXPECT_GT((images[1] - images[2]).abs().max().item<float>(), 0.01F);
}

TEST_P(TransformTest, TakesPlainImagesOfAnyShape) {
  const std::vector<std::string> bands = {"red", "green", "blue", "nir"};
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{4, 28, 20}, {4, 30, 20}, {4, 28, 21}, {3, 28, 20}}) {
    ingest::SyntheticDataset data;
    data.arrays = {{"data", 0, {bands.begin(), bands.begin() + shape[0]}, shape, "uint8"}};
    const InputSpec spec = all_bands(data.arrays);
    const Orientation orientation{true, false, 0};
    const at::Tensor difference = fused(spec, data, orientation, GetParam()) - reference(spec, data, orientation);
    EXPECT_LT(difference.abs().max().item<float>(), 1e-5F) << shape[0] << " " << shape[1] << " " << shape[2];
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, TransformTest, testing::Values(PixelLayout::planar, PixelLayout::channels_last));

TEST(DrawOrientation, ReachesAllEightSymmetriesEvenly) {
  std::map<std::tuple<bool, bool, int>, int> counts;
  for (std::int64_t sample = 0; sample < 16000; ++sample) {
    const Orientation drawn = draw_orientation(true, true, 7, 2, sample);
    ++counts[{drawn.flip_rows, drawn.flip_columns, drawn.quarter_turns}];
  }
  EXPECT_EQ(counts.size(), 16u);
  for (const auto& [key, count] : counts) EXPECT_NEAR(count, 1000, 150);  // five standard deviations
  EXPECT_EQ(draw_orientation(false, false, 7, 2, 5), Orientation{});
  EXPECT_EQ(draw_orientation(true, true, 7, 2, 5), draw_orientation(true, true, 7, 2, 5));
}

}  // namespace
}  // namespace eoshard::train
