// The fused pass against LibTorch's own interpolation, flips and rotations.
#include "libtrain/data/transform.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <algorithm>
#include <bit>
#include <map>
#include <tuple>

#include "libtrain/data/stored_batch.hpp"
#include "tests/support/synthetic_dataset.hpp"
#include "tests/train/data/tiles_on_cpu.hpp"

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

std::vector<std::vector<std::byte>> stored_arrays(const InputSpec& spec, const ingest::SyntheticDataset& data,
                                                  std::int64_t sample) {
  std::vector<std::vector<std::byte>> arrays;
  for (std::size_t array = 0; array < spec.arrays.size(); ++array) {
    std::vector<std::byte> bytes;
    for (const std::uint16_t value : ingest::synthetic_values(data, 0, sample, array)) {
      bytes.push_back(static_cast<std::byte>(value));
      if (spec.arrays[array].dtype == "uint16") bytes.push_back(static_cast<std::byte>(value >> 8));
    }
    arrays.push_back(bytes);
  }
  return arrays;
}

// What a maker makes of a sample.
template <class Value>
std::vector<Value> made_as(const SampleMaker& maker, const InputSpec& spec, const ingest::SyntheticDataset& data,
                           std::int64_t sample, Orientation orientation) {
  const std::vector<std::vector<std::byte>> arrays = stored_arrays(spec, data, sample);
  const std::vector<std::span<const std::byte>> views(arrays.begin(), arrays.end());
  std::vector<Value> out(maker.bytes() / sizeof(Value));
  std::vector<float> scratch;
  std::ranges::fill(std::as_writable_bytes(std::span(out)), std::byte{0x4E});
  maker.apply(views, orientation, std::as_writable_bytes(std::span(out)), scratch);
  return out;
}

std::vector<float> made(const SampleMaker& maker, const InputSpec& spec, const ingest::SyntheticDataset& data,
                        std::int64_t sample, Orientation orientation) {
  return made_as<float>(maker, spec, data, sample, orientation);
}

at::Tensor fused(const InputSpec& spec, const ingest::SyntheticDataset& data, Orientation orientation,
                 PixelLayout layout) {
  const std::vector<float> values = made(InputTransform(spec, layout), spec, data, 0, orientation);
  const auto bands = static_cast<std::int64_t>(spec.bands.size());
  const at::Tensor out = at::tensor(values);
  return layout == PixelLayout::planar ? out.view({bands, spec.rows, spec.columns})
                                       : out.view({spec.rows, spec.columns, bands}).permute({2, 0, 1});
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

// Of any shape: pixels that fill whole blocks, and others.
TEST_P(TransformTest, RoundsAsTorchDoes) {
  for (const std::int64_t side : {24, 30}) {
    ingest::SyntheticDataset data;
    data.arrays = ingest::sentinel_arrays(side);
    const InputSpec spec = all_bands(data.arrays);
    const InputTransform exact(spec, GetParam()), rounded(spec, GetParam(), PixelType::bfloat16);
    for (int way = 0; way < 16; ++way) {
      const Orientation orientation{(way & 1) != 0, (way & 2) != 0, way / 4};
      const at::Tensor expected = at::tensor(made(exact, spec, data, 0, orientation)).to(at::kBFloat16);
      auto values = made_as<at::BFloat16>(rounded, spec, data, 0, orientation);
      EXPECT_TRUE(at::equal(at::from_blob(values.data(), expected.sizes(), expected.options()), expected))
          << side << " " << way;
    }
  }
}

// Every exponent and sign, with halves to round up, down, and to the even one.
TEST(Bfloat16, IsRoundedAsTorchDoes) {
  for (std::uint32_t upper = 0; upper < 1U << 16; ++upper) {
    if ((upper >> 7 & 0xFF) == 0xFF) continue;  // no number
    for (const std::uint32_t lower : {0x0000U, 0x0001U, 0x7FFFU, 0x8000U, 0x8001U, 0xFFFFU}) {
      const float value = std::bit_cast<float>(upper << 16 | lower);
      ASSERT_EQ(round_to_bfloat16(value).bits, at::BFloat16(value).x) << value;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, TransformTest, testing::Values(PixelLayout::planar, PixelLayout::channels_last));

// What a GPU computes tile by tile (pixel_tile.hpp), here on the CPU.
class PixelValues {
 public:
  PixelValues(const InputSpec& spec, const ingest::SyntheticDataset& data)
      : spec_(spec), tables_(make_pixel_tables(spec)) {
    const StoredSamples maker{StoredLayout(spec)};
    for (std::int64_t sample = 0; sample < 2; ++sample) stored_.push_back(made(maker, spec, data, sample, {}));
  }

  // The two samples, the first one mixed with the second where its share is not 1.
  std::vector<float> batch(Orientation first, Orientation second, float share) const {
    std::vector<PlacedSample> samples = {place(0, first), place(1, second)};
    samples[0].is_mixed = share != 1;
    samples[0].partner = 1;
    samples[0].share = share;
    return make_tiles(tables_.view(), samples);
  }

 private:
  PlacedSample place(std::size_t sample, Orientation orientation) const {
    return orient(std::as_bytes(std::span(stored_[sample])).data(), orientation, spec_.rows, spec_.columns);
  }

  const InputSpec& spec_;
  PixelTableData tables_;
  std::vector<std::vector<float>> stored_;
};

TEST(PixelValue, HasTheBitsOfTheTransform) {
  for (const char* upsample : {"nearest", "bilinear", "bicubic"}) {
    ingest::SyntheticDataset data;
    data.train = 2;
    data.arrays = ingest::sentinel_arrays(24);
    const InputSpec spec = all_bands(data.arrays, upsample);
    const InputTransform transform(spec, PixelLayout::channels_last);
    const PixelValues pixels(spec, data);
    for (int way = 0; way < 16; ++way) {
      const Orientation orientation{(way & 1) != 0, (way & 2) != 0, way / 4}, other{true, false, 3};
      std::vector<float> expected = made(transform, spec, data, 0, orientation);
      const std::vector<float> partner = made(transform, spec, data, 1, other);
      std::vector<float> alone = expected, mixed = expected;
      for (std::size_t at = 0; at < mixed.size(); ++at) mixed[at] = expected[at] * 0.3F + partner[at] * (1 - 0.3F);
      alone.insert(alone.end(), partner.begin(), partner.end());
      mixed.insert(mixed.end(), partner.begin(), partner.end());
      EXPECT_EQ(pixels.batch(orientation, other, 1), alone) << upsample << way;
      EXPECT_EQ(pixels.batch(orientation, other, 0.3F), mixed) << upsample << way;
    }
  }
}

TEST(PixelValue, OfBytesThatAreNotSquare) {
  ingest::SyntheticDataset data;
  data.train = 2;
  data.arrays = {{"data", 0, {"red", "green", "blue"}, {3, 28, 20}, "uint8"}};
  const InputSpec spec = all_bands(data.arrays);
  const Orientation orientation{true, true, 0};
  std::vector<float> expected = made(InputTransform(spec, PixelLayout::channels_last), spec, data, 0, orientation);
  const std::vector<float> other = made(InputTransform(spec, PixelLayout::channels_last), spec, data, 1, {});
  expected.insert(expected.end(), other.begin(), other.end());
  EXPECT_EQ(PixelValues(spec, data).batch(orientation, {}, 1), expected);
}

// More rows, columns and bands than fit into one turn of a tile, and edges within it.
TEST(PixelValue, OfManyBandsAndRaggedEdges) {
  ingest::SyntheticDataset data;
  data.train = 2;
  data.arrays = {{"data", 0, std::vector<std::string>(37, "band"), {37, 21, 21}, "uint8"}};
  const InputSpec spec = all_bands(data.arrays);
  const Orientation turned{false, true, 1};
  std::vector<float> alone = made(InputTransform(spec, PixelLayout::channels_last), spec, data, 0, turned);
  const std::vector<float> other = made(InputTransform(spec, PixelLayout::channels_last), spec, data, 1, {});
  std::vector<float> mixed = alone;
  for (std::size_t at = 0; at < mixed.size(); ++at) mixed[at] = alone[at] * 0.3F + other[at] * (1 - 0.3F);
  alone.insert(alone.end(), other.begin(), other.end());
  mixed.insert(mixed.end(), other.begin(), other.end());
  EXPECT_EQ(PixelValues(spec, data).batch(turned, {}, 1), alone);
  EXPECT_EQ(PixelValues(spec, data).batch(turned, {}, 0.3F), mixed);
}

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
