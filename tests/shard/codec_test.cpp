#include "libingest/shard/codec.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string_view>

#include "libingest/core/counter_random.hpp"
#include "libingest/core/error.hpp"
#include "libingest/shard/crc32c.hpp"

namespace eoshard::ingest {
namespace {

std::vector<std::byte> random_values(std::size_t bytes, std::uint64_t modulus) {
  std::vector<std::byte> values(bytes);
  for (std::size_t at = 0; at + 1 < bytes; at += 2) {
    const std::uint64_t value = random_bits(1, bytes, at) % modulus;
    values[at] = static_cast<std::byte>(value & 0xff);
    values[at + 1] = static_cast<std::byte>(value >> 8);
  }
  return values;
}

// RFC 3720, appendix B.4, and the usual check value.
TEST(Crc32c, MatchesKnownAnswers) {
  EXPECT_EQ(crc32c(std::as_bytes(std::span(std::string_view("123456789")))), 0xE3069283u);
  EXPECT_EQ(crc32c(std::vector<std::byte>(32, std::byte{0})), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::vector<std::byte>(32, std::byte{0xff})), 0x62A8AB43u);
}

class CodecRoundTrip : public testing::TestWithParam<ChunkCodec> {};

TEST_P(CodecRoundTrip, GivesTheValuesBack) {
  ChunkEncoder encoder(GetParam());
  ChunkDecoder decoder(GetParam());
  for (const std::size_t bytes : {1600u, 43200u, 115200u}) {
    for (const std::uint64_t modulus : {1u, 3000u, 65536u}) {  // constant, plausible, incompressible
      const auto values = random_values(bytes, modulus);
      std::vector<std::byte> decoded(bytes, std::byte{0xAA});
      const auto chunk = encoder.encode(values);
      EXPECT_LE(chunk.size(), bytes + 64);
      decoder.decode(chunk, decoded);
      EXPECT_EQ(decoded, values) << bytes << " bytes modulo " << modulus;
    }
  }
}

TEST_P(CodecRoundTrip, TheFrameAloneGivesTheValuesBack) {
  ChunkEncoder encoder(GetParam());
  ChunkDecoder decoder(GetParam());
  for (const std::uint64_t modulus : {1u, 3000u, 65536u}) {
    const auto values = random_values(43200, modulus);
    const auto encoded = encoder.encode(values);
    const std::vector<std::byte> chunk(encoded.begin(), encoded.end());
    const auto extracted = encoder.frame_of(chunk);
    std::vector<std::byte> frame(extracted.begin(), extracted.end());
    std::vector<std::byte> decoded(values.size());
    decoder.decode_frame(frame, decoded);
    EXPECT_EQ(decoded, values) << "modulo " << modulus;
    frame[frame.size() - 1] ^= std::byte{1};  // the frame's checksum, which stored planes have too
    EXPECT_THROW(decoder.decode_frame(frame, decoded), Error) << "modulo " << modulus;
  }
}

TEST_P(CodecRoundTrip, ADamagedChunkGivesNoFrame) {
  ChunkEncoder encoder(GetParam());
  const auto encoded = encoder.encode(random_values(1600, 3000));
  std::vector<std::byte> chunk(encoded.begin(), encoded.end());
  chunk[40] ^= std::byte{1};
  EXPECT_THROW(encoder.frame_of(chunk), Error);
  EXPECT_THROW(encoder.frame_of(std::span(chunk).first(6)), Error);
}

TEST_P(CodecRoundTrip, EveryFlippedByteIsFound) {
  ChunkEncoder encoder(GetParam());
  ChunkDecoder decoder(GetParam());
  const auto values = random_values(1600, 3000);
  const auto encoded = encoder.encode(values);
  const std::vector<std::byte> chunk(encoded.begin(), encoded.end());
  std::vector<std::byte> decoded(values.size());
  for (std::size_t at = 0; at < chunk.size(); at += 7) {
    auto damaged = chunk;
    damaged[at] ^= std::byte{0x10};
    EXPECT_THROW(decoder.decode(damaged, decoded), Error) << "byte " << at;
  }
  EXPECT_THROW(decoder.decode(std::span(chunk).first(3), decoded), Error);
}

TEST_P(CodecRoundTrip, AWrongLengthIsAnError) {
  ChunkEncoder encoder(GetParam());
  ChunkDecoder decoder(GetParam());
  const auto values = random_values(1600, 3000);
  const auto encoded = encoder.encode(values);
  const std::vector<std::byte> chunk(encoded.begin(), encoded.end());
  std::vector<std::byte> larger(values.size() + 2);
  std::vector<std::byte> smaller(values.size() - 2);
  EXPECT_THROW(decoder.decode(chunk, larger), Error);
  EXPECT_THROW(decoder.decode(chunk, smaller), Error);
}

INSTANTIATE_TEST_SUITE_P(Codecs, CodecRoundTrip, testing::Values(ChunkCodec::blosc_zstd_u16, ChunkCodec::zstd_u8),
                         [](const auto& instance) {
                           return instance.param == ChunkCodec::zstd_u8 ? "zstd_u8" : "blosc_zstd_u16";
                         });

}  // namespace
}  // namespace eoshard::ingest
