#include "libtrain/data/batch_loader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "libtrain/data/input_spec.hpp"
#include "libtrain/data/transform.hpp"
#include "tests/support/synthetic_dataset.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::train {
namespace {

std::span<const float> values_of(const Batch& batch) {
  return {reinterpret_cast<const float*>(batch.images.data()), batch.images.size() / sizeof(float)};
}

class BatchLoaderTest : public testing::Test {
 protected:
  BatchLoaderTest() {
    wanted_.train = 10;
    wanted_.arrays = {{"data", 0, {"red", "nir"}, {2, 6, 4}, "uint8"}};
    ingest::write_synthetic_dataset(folder_.path(), wanted_);
    manifest_ = ingest::read_manifest(folder_.path());
    input_ = make_input_spec(manifest_, {});
  }

  std::vector<BatchRequest> requests() const {
    std::vector<BatchRequest> all;
    for (std::int64_t sample = 0; sample < 10; sample += 3) {
      BatchRequest request;
      for (std::int64_t one = sample; one < std::min<std::int64_t>(sample + 3, 10); ++one) request.push_back({one, {}});
      all.push_back(request);
    }
    return all;
  }

  TemporaryFolder folder_;
  ingest::SyntheticDataset wanted_;
  ingest::DatasetManifest manifest_;
  InputSpec input_;
};

TEST_F(BatchLoaderTest, DeliversEverySampleNormalisedAndInOrder) {
  const SplitReader split(folder_.path(), manifest_, "train", input_);
  const InputTransform transform(input_, PixelLayout::planar);
  for (const int threads : {1, 4}) {
    BatchLoader loader(split, transform, requests(), {threads, 2});
    for (const BatchRequest& expected : requests()) {
      const Batch batch = loader.next();
      ASSERT_EQ(batch.samples.size(), expected.size());
      for (std::size_t index = 0; index < expected.size(); ++index) {
        const auto values = ingest::synthetic_values(wanted_, 0, expected[index].sample, 0);
        for (const std::size_t at : {std::size_t{0}, std::size_t{23}, std::size_t{24}, std::size_t{47}}) {
          const InputBand& band = input_.bands[at / 24];
          EXPECT_NEAR(values_of(batch)[index * 48 + at], (values[at] - band.mean) / band.standard_deviation, 1e-5);
        }
      }
    }
  }
}

TEST_F(BatchLoaderTest, ADamagedChunkReachesTheConsumerWithTheSamplesName) {
  const auto spec = ingest::image_spec(manifest_.arrays[0]);
  const auto path = ingest::shard_path(ingest::split_folder(folder_.path(), "train") / "data", spec, 0);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(30);
  file.write("\xff\xff\xff", 3);  // inside the first chunk
  file.close();
  const SplitReader split(folder_.path(), manifest_, "train", input_);
  const InputTransform transform(input_, PixelLayout::planar);
  BatchLoader loader(split, transform, requests(), {2, 3});
  try {
    loader.next();
    FAIL() << "the damage was not found";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("S2A_SYNTHETIC_train_0"), std::string::npos) << error.what();
  }
}

TEST_F(BatchLoaderTest, ADamagedSampleIsReplacedByTheNextOfItsRequest) {
  const auto spec = ingest::image_spec(manifest_.arrays[0]);
  const auto path = ingest::shard_path(ingest::split_folder(folder_.path(), "train") / "data", spec, 0);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(30);
  file.write("\xff\xff\xff", 3);  // inside the first chunk
  file.close();
  const SplitReader split(folder_.path(), manifest_, "train", input_, {}, {CacheMode::none, true});
  const InputTransform transform(input_, PixelLayout::planar);
  BatchLoader loader(split, transform, requests(), {2, 3});
  const Batch batch = loader.next();
  EXPECT_EQ(batch.samples[0].sample, 1);
  EXPECT_FALSE(batch.samples[0].is_whole);
  EXPECT_TRUE(batch.samples[1].is_whole);
  const std::size_t values = input_.values();
  EXPECT_TRUE(std::ranges::equal(values_of(batch).first(values), values_of(batch).subspan(values, values)));
  EXPECT_EQ(split.damaged().size(), 1u);
  EXPECT_NE(split.damaged().at(0).find("S2A_SYNTHETIC_train_0"), std::string::npos);
  BatchLoader blank(split, transform, requests(), {1, 2, DamagedPlace::zeros});
  const Batch with_zeros = blank.next();
  EXPECT_EQ(with_zeros.samples[0].sample, 0);
  EXPECT_EQ(std::ranges::count(values_of(with_zeros).first(values), 0.0F), static_cast<std::ptrdiff_t>(values));
}

TEST_F(BatchLoaderTest, CanBeLeftEarly) {
  const SplitReader split(folder_.path(), manifest_, "train", input_);
  const InputTransform transform(input_, PixelLayout::planar);
  BatchLoader loader(split, transform, requests(), {3, 2});
  loader.next();
}

TEST_F(BatchLoaderTest, BandsComeInTheOrderAskedFor) {
  EXPECT_EQ(band_names(make_input_spec(manifest_, {"nir", "red"})), (std::vector<std::string>{"nir", "red"}));
  EXPECT_THROW(make_input_spec(manifest_, {"B99"}), Error);
}

TEST_F(BatchLoaderTest, UpsampledBandsAreTakenWhereAskedFor) {
  EXPECT_THROW(make_input_spec(manifest_, {}, {"super", "bilinear"}), Error);
  manifest_.arrays.push_back({"data_super", 10, {"nir", "red"}, {2, 12, 8}, "uint16", ingest::ArrayRole::upsampled});
  const InputSpec native = make_input_spec(manifest_, {"nir"}),
                  super = make_input_spec(manifest_, {"nir"}, {"super", "bilinear"});
  EXPECT_EQ(native.arrays[0].name, "data");
  EXPECT_EQ(super.arrays[0].name, "data_super");
  EXPECT_EQ(super.bands[0].index, 0);
  EXPECT_EQ(super.bands[0].mean, native.bands[0].mean);
  manifest_.arrays.erase(manifest_.arrays.begin());
  EXPECT_THROW(make_input_spec(manifest_, {}), Error);
}

TEST(InputSpec, AllBandsComeInCubeOrder) {
  ingest::DatasetManifest manifest;
  manifest.arrays = ingest::sentinel_arrays(120);
  ingest::Split split{"train", 1, {}, {}};
  for (const auto& array : manifest.arrays) {
    for (const auto& band : array.bands) split.statistics.push_back({band, 1, 0, 9, 5.0, 2.0, "5", "29"});
  }
  manifest.splits = {split};
  const InputSpec spec = make_input_spec(manifest, {});
  EXPECT_EQ(band_names(spec), (std::vector<std::string>{"B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A",
                                                        "B09", "B11", "B12"}));
  EXPECT_EQ(spec.rows, 120);
  const InputSpec coarse = make_input_spec(manifest, {"B11"});
  EXPECT_EQ(coarse.arrays.size(), 1u);
  EXPECT_EQ(coarse.rows, 60);
}

}  // namespace
}  // namespace eoshard::train
