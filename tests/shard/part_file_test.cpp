#include "libingest/shard/part_file.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"
#include "libingest/shard/codec.hpp"
#include "libingest/shard/shard_output.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

const ArraySpec kSpec{"data", {1, 2, 2}, {"sample", "band", "y", "x"}, ChunkCodec::blosc_zstd_u16, true};
constexpr std::size_t kTrain = 0, kTest = 2;

std::vector<std::byte> chunk_of(int value) {
  const std::vector<std::uint16_t> pixels(4, static_cast<std::uint16_t>(value));
  ChunkEncoder encoder(kSpec.codec);
  const auto chunk = encoder.encode(std::as_bytes(std::span(pixels)));
  return {chunk.begin(), chunk.end()};
}

// Candidates 0 … count - 1 of one product, all in train but for every fifth, which is in test; those in `dropped` have
// no chunk.
void write_part(const std::filesystem::path& path, int count, const FirstSamples& first, int dropped = -1) {
  PartWriter writer(path, first);
  for (int candidate = 0; candidate < count; ++candidate) {
    const auto chunk = candidate == dropped ? std::vector<std::byte>() : chunk_of(candidate);
    writer.append({{candidate, 0}}, chunk, candidate % 5 == 4 ? kTest : kTrain);
  }
  writer.close();
}

// Places of the product's train candidates among the entries.
std::vector<std::size_t> train_entries(int count) {
  std::vector<std::size_t> entries;
  for (int candidate = 0; candidate < count; ++candidate) {
    if (candidate % 5 != 4) entries.push_back(static_cast<std::size_t>(candidate));
  }
  return entries;
}

// The shard file that ShardWriter makes of these candidates.
std::string shard_of(const std::filesystem::path& folder, std::span<const std::size_t> candidates) {
  ShardWriter writer(folder, kSpec, 0);
  for (const std::size_t candidate : candidates) writer.append(chunk_of(static_cast<int>(candidate)));
  writer.close();
  return read_text_file(shard_path(folder, kSpec, 0));
}

TEST(PartFile, ChunksInDraftsReadBack) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "product.data.part";
  write_part(path, 2000, {1000, 0, 7}, 3);
  const PartReader part(path);
  ASSERT_EQ(part.entries().size(), 2000);
  std::vector<std::byte> chunk;
  for (const std::size_t candidate : {std::size_t{0}, std::size_t{4}, std::size_t{35}, std::size_t{1999}}) {
    part.read_chunk(part.entries()[candidate], chunk);
    EXPECT_EQ(chunk, chunk_of(static_cast<int>(candidate)));
  }
  EXPECT_EQ(part.entries()[3].bytes, 0);
}

TEST(PartFile, ADraftOfTheVerySamplesIsTheShard) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "product.data.part";
  write_part(path, 2000, {kShardSamples, 0, 0});
  const PartReader part(path);
  const std::vector<std::size_t> train = train_entries(2000);
  const auto full = std::span(train).first(kShardSamples), ragged = std::span(train).subspan(kShardSamples);
  for (const auto samples : {full, ragged}) {
    const auto draft = part.draft_of(samples);
    ASSERT_TRUE(draft);
    EXPECT_EQ(read_text_file(*draft), shard_of(folder.path() / "data", samples));
  }
}

TEST(PartFile, ADraftOfOtherSamplesIsNone) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "product.data.part";
  write_part(path, 2000, {kShardSamples, 0, 0});
  const PartReader part(path);
  std::vector<std::size_t> train = train_entries(2000);
  EXPECT_FALSE(part.draft_of({}));
  EXPECT_FALSE(part.draft_of(std::span(train).first(kShardSamples - 1)));   // another array dropped the last one
  EXPECT_FALSE(part.draft_of(std::span(train).subspan(1, kShardSamples)));  // it dropped the first one
  std::swap(train[5], train[6]);
  EXPECT_FALSE(part.draft_of(std::span(train).first(kShardSamples)));
}

TEST(PartFile, ADraftThatBeginsAmidAShardIsNone) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "product.data.part";
  write_part(path, 100, {3, 0, 0});
  EXPECT_FALSE(PartReader(path).draft_of(train_entries(100)));
}

TEST(PartFile, APartWithoutDraftsHasNone) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "product.scl.part";
  PartWriter writer(path);
  writer.append({{0, 0}}, chunk_of(7));
  writer.close();
  const std::vector<std::size_t> only = {0};
  EXPECT_FALSE(PartReader(path).draft_of(only));
}

TEST(PartFile, AMissingDraftIsNamed) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "product.data.part";
  write_part(path, 10, {0, 0, 0});
  std::filesystem::remove(path.string() + ".train.0.draft");
  const PartReader part(path);
  std::vector<std::byte> chunk;
  try {
    part.read_chunk(part.entries()[0], chunk);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("product.data.part.train.0.draft"), std::string::npos) << error.what();
  }
}

TEST(ZarrShardOutput, AdoptsADraftUnderAnotherName) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "product.data.part";
  write_part(path, 40, {0, 0, 0});
  const auto draft = PartReader(path).draft_of(train_entries(40));
  ASSERT_TRUE(draft);
  ZarrShardOutput output(folder.path() / "train.zarr", {kSpec}, 0);
  EXPECT_TRUE(output.adopt(0, *draft));
  output.close();
  const auto shard = shard_path(folder.path() / "train.zarr" / "data", kSpec, 0);
  EXPECT_TRUE(std::filesystem::equivalent(shard, *draft));
  EXPECT_FALSE(output.adopt(0, *draft));  // the name is taken: its chunks are to be copied
  EXPECT_FALSE(output.adopt(0, folder.path() / "no.draft"));
}

}  // namespace
}  // namespace eoshard::ingest
