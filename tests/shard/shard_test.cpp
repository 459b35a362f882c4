#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/shard/shard_reader.hpp"
#include "libingest/shard/shard_writer.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

const ArraySpec kSpec{"data", {2, 4, 4}, {"sample", "band", "y", "x"}, ChunkCodec::blosc_zstd_u16, true};

std::vector<std::uint16_t> sample_values(std::int64_t index) {
  std::vector<std::uint16_t> values(32);
  for (std::size_t at = 0; at < values.size(); ++at) values[at] = static_cast<std::uint16_t>(index * 100 + at);
  return values;
}

void write_array(const std::filesystem::path& folder, std::int64_t samples) {
  ChunkEncoder encoder(kSpec.codec);
  for (std::int64_t shard = 0; shard < shard_count(samples); ++shard) {
    ShardWriter writer(folder, kSpec, shard);
    for (std::int64_t index = shard * kShardSamples; index < std::min((shard + 1) * kShardSamples, samples); ++index) {
      const std::vector<std::uint16_t> values = sample_values(index);
      writer.append(encoder.encode(std::as_bytes(std::span(values))));
    }
    writer.close();
  }
  std::filesystem::create_directories(folder);
  write_file(folder / "zarr.json", zarr_array_metadata(kSpec, samples), Durability::rename_only);
}

TEST(Shard, RaggedLastShardReadsBack) {
  const TemporaryFolder temporary;
  const auto folder = temporary.path() / "data";
  const std::int64_t samples = kShardSamples + 3;
  write_array(folder, samples);
  const ArrayReader reader(folder);
  EXPECT_EQ(reader.samples(), samples);
  ChunkDecoder decoder(kSpec.codec);
  std::vector<std::byte> scratch;
  std::vector<std::uint16_t> values(32);
  for (const std::int64_t index : {std::int64_t{0}, kShardSamples - 1, kShardSamples, samples - 1}) {
    reader.read_sample(index, std::as_writable_bytes(std::span(values)), decoder, scratch);
    EXPECT_EQ(values, sample_values(index));
  }
}

TEST(Shard, AnUnclosedWriterLeavesNothing) {
  const TemporaryFolder temporary;
  { ShardWriter writer(temporary.path(), kSpec, 0); }
  EXPECT_FALSE(std::filesystem::exists(shard_path(temporary.path(), kSpec, 0)));
}

TEST(Shard, AnEmptyArrayHasNoShards) {
  const TemporaryFolder temporary;
  write_array(temporary.path() / "data", 0);
  EXPECT_EQ(ArrayReader(temporary.path() / "data").samples(), 0);
}

void flip_byte(const std::filesystem::path& path, std::int64_t offset_from_end) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(-offset_from_end, std::ios::end);
  const char byte = static_cast<char>(file.get() ^ 0x40);
  file.seekp(-offset_from_end, std::ios::end);
  file.put(byte);
}

TEST(Shard, DamageNamesTheSample) {
  const TemporaryFolder temporary;
  const auto folder = temporary.path() / "data";
  write_array(folder, 3);
  const auto path = shard_path(folder, kSpec, 0);
  flip_byte(path, static_cast<std::int64_t>(kSpec.index_bytes()) + 2);  // inside the last chunk
  const ArrayReader reader(folder);
  ChunkDecoder decoder(kSpec.codec);
  std::vector<std::byte> scratch, values(kSpec.sample_bytes());
  EXPECT_NO_THROW(reader.read_sample(1, values, decoder, scratch));
  try {
    reader.read_sample(2, values, decoder, scratch);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("sample 2"), std::string::npos) << error.what();
  }
}

TEST(Shard, ADamagedIndexIsFound) {
  const TemporaryFolder temporary;
  const auto folder = temporary.path() / "data";
  write_array(folder, 3);
  flip_byte(shard_path(folder, kSpec, 0), 100);
  const ArrayReader reader(folder);
  ChunkDecoder decoder(kSpec.codec);
  std::vector<std::byte> scratch, values(kSpec.sample_bytes());
  EXPECT_THROW(reader.read_sample(0, values, decoder, scratch), Error);
}

TEST(Shard, ForeignLayoutIsRefused) {
  const TemporaryFolder temporary;
  write_array(temporary.path() / "data", 3);
  std::string text = read_text_file(temporary.path() / "data" / "zarr.json");
  text.replace(text.find("\"clevel\": 3"), 11, "\"clevel\": 4");
  EXPECT_NO_THROW(ArrayReader(temporary.path() / "data"));
  write_file(temporary.path() / "data" / "zarr.json", text, Durability::rename_only);
  EXPECT_THROW(ArrayReader(temporary.path() / "data"), Error);
}

TEST(Shard, AxesOfNoWholeNumberAreRefused) {
  const TemporaryFolder temporary;
  write_array(temporary.path(), 3);
  const std::string text = read_text_file(temporary.path() / "zarr.json");
  const std::size_t at = text.find("3", text.find("\"shape\""));
  for (const char* length : {"1e30", "3.5", "18446744073709551615", "null"}) {
    write_file(temporary.path() / "zarr.json", std::string(text).replace(at, 1, length), Durability::rename_only);
    EXPECT_THROW(read_zarr_array(temporary.path()), Error) << length;
  }
}

}  // namespace
}  // namespace eoshard::ingest
