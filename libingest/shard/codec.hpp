// One sample's array values ↔ the bytes of one Zarr inner chunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace eoshard::ingest {

enum class ChunkCodec {
  /// uint16: little-endian values, byte-shuffled, one zstd frame in a blosc 1 container, then CRC-32C.
  blosc_zstd_u16,
  /// uint8: one zstd frame with its own content checksum, then CRC-32C.
  zstd_u8,
};

std::size_t element_bytes(ChunkCodec codec);

inline constexpr int kZstdLevel = 3;

/// Compresses chunks; owns its zstd context and buffers, so one a thread.
class ChunkEncoder {
 public:
  explicit ChunkEncoder(ChunkCodec codec);
  ~ChunkEncoder();
  ChunkEncoder(ChunkEncoder&&) noexcept;
  ChunkEncoder& operator=(ChunkEncoder&&) noexcept;

  /// `values` are the chunk's elements in C order, in the machine's (little-endian) byte order. The result, checksum
  /// included, is valid until the next call.
  std::span<const std::byte> encode(std::span<const std::byte> values);

  /// The zstd frame inside a chunk: what HDF5's shuffle (uint16 only) and zstd filters make of the same values. Planes
  /// that the container holds as they are get a frame now, so that every frame carries a checksum. Valid as long as
  /// `chunk`, and until the next call. @throws Error{input} when a checksum or length is wrong.
  std::span<const std::byte> frame_of(std::span<const std::byte> chunk);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Checks and decompresses chunks; one a thread.
class ChunkDecoder {
 public:
  explicit ChunkDecoder(ChunkCodec codec);
  ~ChunkDecoder();
  ChunkDecoder(ChunkDecoder&&) noexcept;
  ChunkDecoder& operator=(ChunkDecoder&&) noexcept;

  /// Fills `values` from a chunk. @throws Error{input} when a checksum or length is wrong.
  void decode(std::span<const std::byte> chunk, std::span<std::byte> values);

  /// Fills `values` from the chunk's zstd frame alone (ChunkEncoder::frame_of).
  void decode_frame(std::span<const std::byte> frame, std::span<std::byte> values);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace eoshard::ingest
