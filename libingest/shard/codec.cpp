// The blosc container is written and read by hand because its one zstd frame of byte planes is also what an HDF5
// chunk with the shuffle and zstd filters holds: one compression serves both formats. Layout (c-blosc 1,
// README_CHUNK_FORMAT.rst): version 2, versionlz 1, flags, typesize, u32 nbytes, u32 blocksize, u32 cbytes; one block
// start (u32); then one stream (u32 length, bytes). Flags: 0x01 byte shuffle, 0x10 blocks are not split, 4 << 5 zstd.
#include "libingest/shard/codec.hpp"

#include <fmt/format.h>
#define ZSTD_STATIC_LINKING_ONLY  // names the parameter that ignores a frame's checksum
#include <zstd.h>

#include <array>
#include <cstring>

#include "libingest/core/error.hpp"
#include "libingest/core/unique_handle.hpp"
#include "libingest/shard/crc32c.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::array<std::uint8_t, 4> kBloscSignature = {2, 1, 0x91, 2};
constexpr std::size_t kBloscHeaderBytes = 16;
constexpr std::size_t kBloscPrefixBytes = kBloscHeaderBytes + 4 + 4;  // header, block start, stream length
constexpr std::size_t kChecksumBytes = 4;

struct CompressorTraits {
  static ZSTD_CCtx* invalid() noexcept { return nullptr; }
  static void close(ZSTD_CCtx* context) noexcept { ZSTD_freeCCtx(context); }
};
struct DecompressorTraits {
  static ZSTD_DCtx* invalid() noexcept { return nullptr; }
  static void close(ZSTD_DCtx* context) noexcept { ZSTD_freeDCtx(context); }
};

std::size_t check_zstd(std::size_t result, const char* call) {
  if (ZSTD_isError(result)) {
    throw Error(ErrorKind::input, fmt::format("{} failed: {}", call, ZSTD_getErrorName(result)));
  }
  return result;
}

void put_u32(std::byte* to, std::size_t value) {
  for (int byte = 0; byte < 4; ++byte) to[byte] = static_cast<std::byte>(value >> (8 * byte));
}

std::uint32_t get_u32(const std::byte* from) {
  std::uint32_t value = 0;
  for (int byte = 0; byte < 4; ++byte) value |= static_cast<std::uint32_t>(from[byte]) << (8 * byte);
  return value;
}

// All low bytes, then all high bytes: what blosc's and HDF5's shuffle make of two-byte elements.
void shuffle_u16(std::span<const std::byte> values, std::span<std::byte> planes) {
  const std::size_t count = values.size() / 2;
  std::byte* low = planes.data();
  std::byte* high = planes.data() + count;
  for (std::size_t element = 0; element < count; ++element) {
    low[element] = values[2 * element];
    high[element] = values[2 * element + 1];
  }
}

void unshuffle_u16(std::span<const std::byte> planes, std::span<std::byte> values) {
  const std::size_t count = values.size() / 2;
  const std::byte* low = planes.data();
  const std::byte* high = planes.data() + count;
  for (std::size_t element = 0; element < count; ++element) {
    values[2 * element] = low[element];
    values[2 * element + 1] = high[element];
  }
}

std::span<const std::byte> strip_checksum(std::span<const std::byte> chunk) {
  if (chunk.size() < kChecksumBytes) throw Error(ErrorKind::input, "the chunk is shorter than its checksum");
  const auto body = chunk.first(chunk.size() - kChecksumBytes);
  if (crc32c(body) != get_u32(chunk.data() + body.size())) {
    throw Error(ErrorKind::input, "the chunk's CRC-32C does not match: the file is damaged");
  }
  return body;
}

// The stream of a blosc container: one zstd frame, or the planes as they are when it is as long as the values.
std::span<const std::byte> blosc_stream(std::span<const std::byte> body, std::size_t value_bytes) {
  const bool is_ours = body.size() >= kBloscPrefixBytes &&
                       std::memcmp(body.data(), kBloscSignature.data(), kBloscSignature.size()) == 0 &&
                       get_u32(body.data() + 4) == value_bytes && get_u32(body.data() + 8) == value_bytes &&
                       get_u32(body.data() + 12) == body.size() &&
                       get_u32(body.data() + 20) == body.size() - kBloscPrefixBytes;
  if (!is_ours) throw Error(ErrorKind::input, "the chunk is no single-block blosc-zstd container of the expected size");
  return body.subspan(kBloscPrefixBytes);
}

}  // namespace

std::size_t element_bytes(ChunkCodec codec) { return codec == ChunkCodec::blosc_zstd_u16 ? 2 : 1; }

struct ChunkEncoder::State {
  ChunkCodec codec;
  UniqueHandle<ZSTD_CCtx*, CompressorTraits> context{ZSTD_createCCtx()};
  std::vector<std::byte> planes;
  std::vector<std::byte> chunk;

  std::size_t compress(std::span<const std::byte> from, std::size_t at) {
    const std::size_t room = ZSTD_compressBound(from.size());
    chunk.resize(at + room + kChecksumBytes);
    return check_zstd(ZSTD_compress2(context.get(), chunk.data() + at, room, from.data(), from.size()),
                      "ZSTD_compress2");
  }

  // Returns the length of the chunk without its checksum.
  std::size_t encode_blosc(std::span<const std::byte> values) {
    planes.resize(values.size());
    shuffle_u16(values, planes);
    std::size_t stream_bytes = compress(planes, kBloscPrefixBytes);
    if (stream_bytes >= values.size()) {  // planes that do not shrink are stored as they are
      stream_bytes = values.size();
      std::memcpy(chunk.data() + kBloscPrefixBytes, planes.data(), planes.size());
    }
    std::memcpy(chunk.data(), kBloscSignature.data(), kBloscSignature.size());
    put_u32(chunk.data() + 4, values.size());
    put_u32(chunk.data() + 8, values.size());
    put_u32(chunk.data() + 12, kBloscPrefixBytes + stream_bytes);
    put_u32(chunk.data() + 16, kBloscHeaderBytes + 4);
    put_u32(chunk.data() + 20, stream_bytes);
    return kBloscPrefixBytes + stream_bytes;
  }
};

ChunkEncoder::ChunkEncoder(ChunkCodec codec) : state_(std::make_unique<State>()) {
  state_->codec = codec;
  auto* context = state_->context.get();
  if (context == nullptr) throw Error(ErrorKind::io, "zstd could not allocate a compressor");
  check_zstd(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kZstdLevel), "ZSTD_CCtx_setParameter");
  check_zstd(ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1), "ZSTD_CCtx_setParameter");
  check_zstd(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1), "ZSTD_CCtx_setParameter");
}
ChunkEncoder::~ChunkEncoder() = default;
ChunkEncoder::ChunkEncoder(ChunkEncoder&&) noexcept = default;
ChunkEncoder& ChunkEncoder::operator=(ChunkEncoder&&) noexcept = default;

std::span<const std::byte> ChunkEncoder::encode(std::span<const std::byte> values) {
  State& state = *state_;
  const std::size_t body_bytes =
      state.codec == ChunkCodec::blosc_zstd_u16 ? state.encode_blosc(values) : state.compress(values, 0);
  const auto body = std::span<const std::byte>(state.chunk).first(body_bytes);
  put_u32(state.chunk.data() + body_bytes, crc32c(body));
  return std::span<const std::byte>(state.chunk).first(body_bytes + kChecksumBytes);
}

std::span<const std::byte> ChunkEncoder::frame_of(std::span<const std::byte> chunk) {
  const auto body = strip_checksum(chunk);
  if (state_->codec == ChunkCodec::zstd_u8) return body;
  const std::size_t value_bytes = body.size() < kBloscPrefixBytes ? 0 : get_u32(body.data() + 4);
  const auto stream = blosc_stream(body, value_bytes);
  if (stream.size() != value_bytes) return stream;
  const std::size_t frame_bytes = state_->compress(stream, 0);
  return std::span<const std::byte>(state_->chunk).first(frame_bytes);
}

struct ChunkDecoder::State {
  ChunkCodec codec;
  UniqueHandle<ZSTD_DCtx*, DecompressorTraits> context{ZSTD_createDCtx()};
  std::vector<std::byte> planes;

  // A chunk's CRC-32C has covered its frame already; the frame's own checksum would cost 5 % more.
  void trust_frames(bool is_trusted) {
    if (is_trusted == is_trusted_) return;
    check_zstd(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_forceIgnoreChecksum,
                                      is_trusted ? ZSTD_d_ignoreChecksum : ZSTD_d_validateChecksum),
               "ZSTD_DCtx_setParameter");
    is_trusted_ = is_trusted;
  }

  void decompress(std::span<const std::byte> frame, std::span<std::byte> out) {
    const std::size_t bytes = check_zstd(
        ZSTD_decompressDCtx(context.get(), out.data(), out.size(), frame.data(), frame.size()), "ZSTD_decompressDCtx");
    if (bytes != out.size()) {
      throw Error(ErrorKind::input, fmt::format("the chunk holds {} bytes instead of {}", bytes, out.size()));
    }
  }

  void decode_blosc(std::span<const std::byte> body, std::span<std::byte> values) {
    const auto stream = blosc_stream(body, values.size());
    if (stream.size() == values.size()) return unshuffle_u16(stream, values);
    decode_planes(stream, values);
  }

  void decode_planes(std::span<const std::byte> frame, std::span<std::byte> values) {
    planes.resize(values.size());
    decompress(frame, planes);
    unshuffle_u16(planes, values);
  }

 private:
  bool is_trusted_ = false;
};

ChunkDecoder::ChunkDecoder(ChunkCodec codec) : state_(std::make_unique<State>()) {
  state_->codec = codec;
  if (!state_->context) throw Error(ErrorKind::io, "zstd could not allocate a decompressor");
}
ChunkDecoder::~ChunkDecoder() = default;
ChunkDecoder::ChunkDecoder(ChunkDecoder&&) noexcept = default;
ChunkDecoder& ChunkDecoder::operator=(ChunkDecoder&&) noexcept = default;

void ChunkDecoder::decode(std::span<const std::byte> chunk, std::span<std::byte> values) {
  const auto body = strip_checksum(chunk);
  state_->trust_frames(true);
  if (state_->codec == ChunkCodec::blosc_zstd_u16) {
    state_->decode_blosc(body, values);
  } else {
    state_->decompress(body, values);
  }
}

void ChunkDecoder::decode_frame(std::span<const std::byte> frame, std::span<std::byte> values) {
  state_->trust_frames(false);
  if (state_->codec == ChunkCodec::blosc_zstd_u16) {
    state_->decode_planes(frame, values);
  } else {
    state_->decompress(frame, values);
  }
}

}  // namespace eoshard::ingest
