// On a GPU: a launch makes the values that the same code makes on the CPU. Skips where there is no GPU.
#include "libtrain/data/gpu_transform.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>

#include <cstdlib>
#include <random>

#include "libtrain/data/stored_batch.hpp"
#include "tests/support/synthetic_dataset.hpp"
#include "tests/train/data/tiles_on_cpu.hpp"

namespace eoshard::train {
namespace {

constexpr std::int64_t kSamples = 5;

InputSpec bands_of(const std::vector<ingest::ImageArray>& arrays, ingest::UpsampleMethod upsample) {
  InputSpec spec;
  spec.arrays = arrays;
  spec.upsample = upsample;
  spec.rows = arrays.front().sample_shape.at(1);
  spec.columns = arrays.front().sample_shape.at(2);
  for (std::size_t array = 0; array < arrays.size(); ++array) {
    for (std::size_t band = 0; band < arrays[array].bands.size(); ++band)
      spec.bands.push_back({arrays[array].bands[band], array, static_cast<std::int64_t>(band),
                            300.0 + 100 * static_cast<double>(band), 99.5 + static_cast<double>(array)});
  }
  return spec;
}

std::vector<PlacedSample> place(const at::Tensor& stored, const InputSpec& spec) {
  std::vector<PlacedSample> samples;
  for (std::int64_t sample = 0; sample < kSamples; ++sample) {
    const auto* bytes = static_cast<const std::byte*>(stored[sample].const_data_ptr());
    samples.push_back(
        orient(bytes, {sample % 2 == 1, sample > 2, static_cast<int>(sample % 4)}, spec.rows, spec.columns));
    samples.back().is_mixed = true;
    samples.back().partner = static_cast<std::int32_t>((sample + 2) % kSamples);
    samples.back().share = 0.1F + 0.2F * static_cast<float>(sample);
  }
  return samples;
}

at::Tensor random_bytes(std::size_t sample_bytes) {
  at::Generator generator = at::detail::createCPUGenerator(7);
  return at::randint(256, {kSamples, static_cast<std::int64_t>(sample_bytes)}, generator, at::TensorOptions(at::kByte));
}

void expect_bits_of_cpu(const InputSpec& spec) {
  const PixelTableData tables = make_pixel_tables(spec);
  const at::Tensor stored = random_bytes(StoredLayout(spec).bytes());
  const std::vector<PlacedSample> here = place(stored, spec);
  const at::Tensor expected = at::tensor(make_tiles(tables.view(), here));
  const at::Tensor there = stored.to(at::kCUDA), made = at::empty_like(expected, at::TensorOptions(at::kCUDA));
  GpuTransform transform(tables);
  for (int turn = 0; turn < 2; ++turn) {
    made.zero_();
    torch::cuda::synchronize();
    transform.apply(place(there, spec), PixelType::float32, made.data_ptr(), nullptr);
    torch::cuda::synchronize();
    EXPECT_TRUE(at::equal(made.to(at::kCPU), expected));
    const at::Tensor rounded = at::zeros_like(made, made.options().dtype(at::kBFloat16));
    torch::cuda::synchronize();
    transform.apply(place(there, spec), PixelType::bfloat16, rounded.data_ptr(), nullptr);
    torch::cuda::synchronize();
    EXPECT_TRUE(at::equal(rounded.to(at::kCPU), expected.to(at::kBFloat16)));
  }
}

TEST(GpuTransform, HasTheBitsOfTheCpu) {
  if (torch::cuda::device_count() == 0 && std::getenv("EOSHARD_NEEDS_GPU") == nullptr) GTEST_SKIP() << "no GPU here";
  for (const auto method :
       {ingest::UpsampleMethod::nearest, ingest::UpsampleMethod::bilinear, ingest::UpsampleMethod::bicubic})
    expect_bits_of_cpu(bands_of(ingest::sentinel_arrays(120), method));
}

// More than a block's share of both.
TEST(GpuTransform, OfManyBandsAndRaggedEdges) {
  if (torch::cuda::device_count() == 0 && std::getenv("EOSHARD_NEEDS_GPU") == nullptr) GTEST_SKIP() << "no GPU here";
  const std::vector<std::string> bands(37, "band");
  expect_bits_of_cpu(bands_of({{"data", 0, bands, {37, 29, 29}, "uint8"}}, ingest::UpsampleMethod::bilinear));
}

}  // namespace
}  // namespace eoshard::train
