#include <gtest/gtest.h>

#include <fstream>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/shard/hdf5_reader.hpp"
#include "libingest/shard/hdf5_writer.hpp"
#include "tests/shard/hdf5_samples.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

DatasetFormats formats_of(Hdf5Compression compression) { return {false, true, Hdf5Layout::shards, compression}; }

void write_shard(const std::filesystem::path& path, std::int64_t samples, Hdf5Compression compression) {
  std::filesystem::create_directories(path.parent_path());
  Hdf5Writer writer(path, contents_of(samples, compression));
  for (std::size_t array = 0; array < kSpecs.size(); ++array) {
    ChunkEncoder encoder(kSpecs[array].codec);
    if (!kSpecs[array].is_chunk_per_sample) {
      writer.append(array, encoder.encode(rows_of(kSpecs[array], 0, samples)));
      continue;
    }
    for (std::int64_t index = 0; index < samples; ++index) {
      writer.append(array, encoder.encode(sample_of(kSpecs[array], index)));
    }
  }
  writer.close();
}

// Reads all samples; returns whether each is what was written. @throws Error where the file is damaged
bool reads_back(const std::filesystem::path& dataset, std::int64_t samples, Hdf5Compression compression) {
  bool is_equal = true;
  for (const ArraySpec& spec : kSpecs) {
    const Hdf5ArrayReader reader(dataset, "train", formats_of(compression), spec, samples);
    if (!spec.is_chunk_per_sample) {
      is_equal = is_equal && reader.read_shard_rows(0) == rows_of(spec, 0, samples);
      continue;
    }
    ChunkDecoder decoder(spec.codec);
    std::vector<std::byte> scratch;
    std::vector<std::byte> values(spec.sample_bytes());
    for (std::int64_t index = 0; index < samples; ++index) {
      reader.read_sample(index, values, decoder, scratch);
      is_equal = is_equal && values == sample_of(spec, index);
    }
  }
  return is_equal;
}

std::string bytes_of(const std::filesystem::path& path) { return read_text_file(path); }

class Hdf5 : public testing::TestWithParam<Hdf5Compression> {
 protected:
  TemporaryFolder temporary_;
  std::filesystem::path file_ = temporary_.path() / "train" / "00000.h5";
};

TEST_P(Hdf5, SamplesReadBack) {
  for (const std::int64_t samples : {std::int64_t{1}, std::int64_t{7}, kShardSamples}) {
    write_shard(file_, samples, GetParam());
    EXPECT_TRUE(reads_back(temporary_.path(), samples, GetParam())) << samples;
  }
}

TEST_P(Hdf5, TwoFilesOfTheSameSamplesHaveTheSameBytes) {
  write_shard(file_, 7, GetParam());
  const auto again = temporary_.path() / "again" / "00000.h5";
  write_shard(again, 7, GetParam());
  EXPECT_EQ(bytes_of(file_), bytes_of(again));
}

TEST_P(Hdf5, AnUnclosedWriterLeavesNothing) {
  { const Hdf5Writer writer(temporary_.path() / "00000.h5", contents_of(3, GetParam())); }
  EXPECT_TRUE(std::filesystem::is_empty(temporary_.path()));
}

// Whatever byte is damaged, wrong values are never given out as good ones.
TEST_P(Hdf5, NoFlippedByteGivesWrongValues) {
  write_shard(file_, 4, GetParam());
  const std::string good = bytes_of(file_);
  int found = 0;
  for (std::size_t at = 0; at < good.size(); at += 41) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x04);
    write_file(file_, bad, Durability::rename_only);
    try {
      EXPECT_TRUE(reads_back(temporary_.path(), 4, GetParam())) << "byte " << at;
    } catch (const Error&) {
      ++found;
    }
  }
  EXPECT_GT(found, 20);
}

TEST_P(Hdf5, DamageNamesTheFileAndTheSample) {
  write_shard(file_, 4, GetParam());
  std::string bytes = bytes_of(file_);
  const auto random = sample_of(kImages, 2);  // stored as it is with no compression, as shuffled planes with zstd
  std::vector<char> needle;
  for (std::size_t at = 0; at < 16; ++at) {
    needle.push_back(static_cast<char>(random[GetParam() == Hdf5Compression::none ? at : 2 * at]));
  }
  const std::size_t place = bytes.find(std::string(needle.begin(), needle.end()));
  ASSERT_NE(place, std::string::npos);
  bytes[place + 5] = static_cast<char>(bytes[place + 5] ^ 1);
  write_file(file_, bytes, Durability::rename_only);
  const Hdf5ArrayReader reader(temporary_.path(), "train", formats_of(GetParam()), kImages, 4);
  ChunkDecoder decoder(kImages.codec);
  std::vector<std::byte> scratch, values(kImages.sample_bytes());
  EXPECT_NO_THROW(reader.read_sample(1, values, decoder, scratch));
  try {
    reader.read_sample(2, values, decoder, scratch);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("train/00000.h5/data_10m, sample 2"), std::string::npos) << error.what();
  }
}

TEST_P(Hdf5, AnotherShapeIsRefused) {
  write_shard(file_, 4, GetParam());
  ArraySpec other = kImages;
  other.sample_shape = {3, 6, 6};
  ChunkDecoder decoder(other.codec);
  std::vector<std::byte> scratch, values(other.sample_bytes());
  const Hdf5ArrayReader of_shape(temporary_.path(), "train", formats_of(GetParam()), other, 4);
  EXPECT_THROW(of_shape.read_sample(0, values, decoder, scratch), Error);
  const Hdf5ArrayReader of_length(temporary_.path(), "train", formats_of(GetParam()), kImages, 5);
  EXPECT_THROW(of_length.read_sample(0, values, decoder, scratch), Error);
}

INSTANTIATE_TEST_SUITE_P(Compressions, Hdf5, testing::Values(Hdf5Compression::zstd, Hdf5Compression::none),
                         [](const auto& instance) { return to_string(instance.param); });

// Samples larger than the library's chunk cache, so that both ways put their chunks in the same order.
TEST(Hdf5Frames, TheLibrarysFiltersMakeTheFramesOfZarrChunks) {
  const TemporaryFolder temporary;
  const ArraySpec spec{"data", {2, 600, 600}, {"sample", "band", "y", "x"}, ChunkCodec::blosc_zstd_u16, true};
  const Hdf5Contents contents{{{spec, {}}}, 3, Hdf5Compression::zstd};
  Hdf5Writer by_frames(temporary.path() / "frames.h5", contents);
  Hdf5Writer by_filters(temporary.path() / "filters.h5", contents);
  ChunkEncoder encoder(spec.codec);
  for (std::int64_t index = 0; index < 3; ++index) {
    const auto values = sample_of(spec, index);
    by_frames.append(0, encoder.encode(values));
    by_filters.write_samples(0, index, 1, values);
  }
  by_frames.close();
  by_filters.close();
  EXPECT_EQ(bytes_of(temporary.path() / "frames.h5"), bytes_of(temporary.path() / "filters.h5"));
}

TEST(Hdf5Errors, AnUnwritableFolderIsNamed) {
  try {
    const Hdf5Writer writer("/proc/nowhere/00000.h5", contents_of(1, Hdf5Compression::zstd));
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("/proc/nowhere/00000.h5"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("No such file"), std::string::npos) << error.what();
  }
}

TEST(DatasetFormats, NamesRoundTrip) {
  DatasetFormats formats;
  EXPECT_EQ(format_names(formats), (std::vector<std::string>{"zarr"}));
  set_formats(formats, {"hdf5", "zarr"});
  EXPECT_EQ(format_names(formats), (std::vector<std::string>{"zarr", "hdf5"}));
  EXPECT_EQ(split_path(formats, "train"), "train.zarr");
  set_formats(formats, {"hdf5"});
  EXPECT_EQ(split_path(formats, "train"), "train");
  EXPECT_EQ(hdf5_path("d", "train", Hdf5Layout::shards, 12), "d/train/00012.h5");
  EXPECT_EQ(hdf5_path("d", "train", Hdf5Layout::single, 12), "d/train.h5");
  EXPECT_THROW(set_formats(formats, {"tiff"}), Error);
  EXPECT_THROW(set_formats(formats, {}), Error);
  EXPECT_EQ(parse_hdf5_layout(to_string(Hdf5Layout::single)), Hdf5Layout::single);
  EXPECT_THROW(parse_hdf5_layout("double"), Error);
  EXPECT_EQ(parse_hdf5_compression(to_string(Hdf5Compression::none)), Hdf5Compression::none);
  EXPECT_THROW(parse_hdf5_compression("lzf"), Error);
}

}  // namespace
}  // namespace eoshard::ingest
