#include "libtrain/data/split_reader.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "libingest/core/error.hpp"
#include "tests/support/synthetic_dataset.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::train {
namespace {

constexpr std::int64_t kSamples = 20;

class SplitReaderCache : public testing::TestWithParam<CacheMode> {
 protected:
  SplitReaderCache() {
    wanted_.train = kSamples;
    wanted_.arrays = ingest::sentinel_arrays(24);
    ingest::write_synthetic_dataset(folder_.path(), wanted_);
    manifest_ = ingest::read_manifest(folder_.path());
    input_ = make_input_spec(manifest_, {});
  }

  std::vector<std::vector<std::byte>> read(const SplitReader& split, std::int64_t sample) const {
    SplitReader::SampleBuffer buffer = split.make_buffer();
    split.read(sample, buffer);
    std::vector<std::vector<std::byte>> arrays;
    for (const auto array : buffer.arrays) arrays.emplace_back(array.begin(), array.end());
    return arrays;
  }

  void empty_all_shards() const {
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.path() / "train.zarr")) {
      if (file.path().filename() == "0" && file.is_regular_file()) std::filesystem::resize_file(file.path(), 0);
    }
  }

  TemporaryFolder folder_;
  ingest::SyntheticDataset wanted_;
  ingest::DatasetManifest manifest_;
  InputSpec input_;
};

TEST_P(SplitReaderCache, GivesTheSameValuesAgain) {
  const SplitReader plain(folder_.path(), manifest_, "train", input_);
  const SplitReader cached(folder_.path(), manifest_, "train", input_, {}, {GetParam()});
  for (int pass = 0; pass < 2; ++pass) {
    for (std::int64_t sample = 0; sample < kSamples; ++sample) EXPECT_EQ(read(cached, sample), read(plain, sample));
  }
}

TEST_P(SplitReaderCache, ReadsEachSampleFromDiskOnce) {
  const SplitReader split(folder_.path(), manifest_, "train", input_, {}, {GetParam()});
  const auto first = read(split, 3);
  empty_all_shards();
  if (GetParam() == CacheMode::none) {
    EXPECT_THROW(read(split, 3), Error);
  } else {
    EXPECT_EQ(read(split, 3), first);
  }
  EXPECT_THROW(read(split, 4), Error);
}

TEST_P(SplitReaderCache, ServesManyThreads) {
  const SplitReader plain(folder_.path(), manifest_, "train", input_);
  const SplitReader split(folder_.path(), manifest_, "train", input_, {}, {GetParam()});
  std::vector<std::vector<std::vector<std::byte>>> last(4);
  {
    std::vector<std::jthread> threads;
    for (auto& arrays : last) {
      threads.emplace_back([&] {
        for (std::int64_t sample = 0; sample < kSamples; ++sample) arrays = read(split, sample);
      });
    }
  }
  for (const auto& arrays : last) EXPECT_EQ(arrays, read(plain, kSamples - 1));
}

INSTANTIATE_TEST_SUITE_P(Modes, SplitReaderCache,
                         testing::Values(CacheMode::none, CacheMode::compressed, CacheMode::decoded));

TEST(CacheMode, UnknownNamesAreMisuse) {
  EXPECT_EQ(parse_cache_mode("decoded"), CacheMode::decoded);
  EXPECT_THROW(parse_cache_mode("disk"), Error);
}

}  // namespace
}  // namespace eoshard::train
