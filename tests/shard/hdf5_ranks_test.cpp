// One HDF5 file written by all ranks.
#include <gtest/gtest.h>

#include <cstdlib>

#include "libingest/mpi/communicator.hpp"
#include "libingest/shard/hdf5_reader.hpp"
#include "libingest/shard/hdf5_writer.hpp"
#include "tests/shard/hdf5_samples.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

// More than a shard, and no multiple of ranks × batch: the last round has a ragged batch and ranks without any.
constexpr std::int64_t kSamples = kShardSamples + 5;

class Hdf5Ranks : public testing::TestWithParam<Hdf5Compression> {
 protected:
  Hdf5Ranks() : world_(Communicator::world()), dataset_(world_.broadcast(temporary_.path().string())) {}

  void write_array(Hdf5Writer& writer, std::size_t array) const {
    const ArraySpec& spec = kSpecs[array];
    const std::int64_t batch = spec.is_chunk_per_sample ? 50 : kShardSamples;
    for (std::int64_t round = 0; round < kSamples; round += batch * world_.size()) {
      const std::int64_t first = std::min(round + batch * world_.rank(), kSamples);
      const std::int64_t count = std::min(batch, kSamples - first);
      writer.write_samples(array, first, count, samples_of(spec, first, count));
    }
  }

  bool reads_back(const ArraySpec& spec) const {
    const DatasetFormats formats{false, true, Hdf5Layout::single, GetParam()};
    const Hdf5ArrayReader reader(dataset_, "train", formats, spec, kSamples);
    bool is_equal = true;
    if (!spec.is_chunk_per_sample) {
      for (std::int64_t shard = 0; shard < shard_count(kSamples); ++shard)
        is_equal = is_equal && reader.read_shard_rows(shard) == rows_of(spec, shard, kSamples);
      return is_equal;
    }
    ChunkDecoder decoder(spec.codec);
    std::vector<std::byte> scratch, values(spec.sample_bytes());
    for (std::int64_t index = 0; index < kSamples; ++index) {
      reader.read_sample(index, values, decoder, scratch);
      is_equal = is_equal && values == sample_of(spec, index);
    }
    return is_equal;
  }

  TemporaryFolder temporary_;  // the root's is used
  Communicator world_;
  std::filesystem::path dataset_;
};

TEST_P(Hdf5Ranks, AllSamplesReadBack) {
  Hdf5Writer writer(dataset_ / "train.h5", contents_of(kSamples, GetParam()), world_);
  for (std::size_t array = 0; array < kSpecs.size(); ++array) write_array(writer, array);
  EXPECT_FALSE(std::filesystem::exists(dataset_ / "train.h5"));
  world_.barrier();
  writer.close();
  world_.barrier();
  for (const ArraySpec& spec : kSpecs) EXPECT_TRUE(reads_back(spec)) << spec.name;
  world_.barrier();  // the root's folder goes
}

TEST_P(Hdf5Ranks, AnUnclosedWriterLeavesNothing) {
  { const Hdf5Writer writer(dataset_ / "train.h5", contents_of(kSamples, GetParam()), world_); }
  world_.barrier();
  EXPECT_TRUE(std::filesystem::is_empty(dataset_));
  world_.barrier();
}

TEST_P(Hdf5Ranks, AnEmptySplitHasItsDatasets) {
  Hdf5Writer writer(dataset_ / "test.h5", contents_of(0, GetParam()), world_);
  writer.close();
  world_.barrier();
  EXPECT_TRUE(std::filesystem::exists(dataset_ / "test.h5"));
  world_.barrier();
}

INSTANTIATE_TEST_SUITE_P(Compressions, Hdf5Ranks, testing::Values(Hdf5Compression::zstd, Hdf5Compression::none),
                         [](const auto& instance) { return to_string(instance.param); });

}  // namespace
}  // namespace eoshard::ingest
