// Reads samples of one sharded Zarr array by index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "libingest/core/file.hpp"
#include "libingest/shard/codec.hpp"
#include "libingest/shard/zarr_array.hpp"

namespace eoshard::ingest {

/// The index at the end of a shard file of `chunks` chunks: offset and bytes of each, all ones where a chunk is absent.
/// @throws Error{input} when it is damaged.
std::vector<std::uint64_t> read_shard_index(const FileDescriptor& file, const std::filesystem::path& path,
                                            std::size_t chunks);

/// One array of one split. Thread-safe: shards are opened on first use and stay open; reads are pread.
class ArrayReader {
 public:
  /// `array_folder` is e.g. "mydata/train.zarr/data_10m". @throws Error{input|io}
  explicit ArrayReader(const std::filesystem::path& array_folder);

  const ArraySpec& spec() const { return array_.spec; }
  std::int64_t samples() const { return array_.samples; }

  /// The encoded bytes of inner chunk `chunk` (= sample index where a chunk is a sample), read into `bytes`.
  /// @throws Error{input} naming array and chunk when the shard or its index is damaged.
  void read_chunk(std::int64_t chunk, std::vector<std::byte>& bytes) const;

  /// Reads and decodes sample `index` into `values` (spec().sample_bytes() long) of an array with a chunk a sample.
  /// `decoder` and `scratch` belong to the calling thread. @throws Error{input} naming array and index.
  void read_sample(std::int64_t index, std::span<std::byte> values, ChunkDecoder& decoder,
                   std::vector<std::byte>& scratch) const;

  /// Decodes all samples of shard `shard` of an array with a chunk a shard: kShardSamples rows, those past the end 0.
  std::vector<std::byte> read_shard_rows(std::int64_t shard) const;

 private:
  struct Shard;
  const Shard& open_shard(std::int64_t shard) const;

  std::filesystem::path folder_;
  ZarrArray array_;
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<Shard>> shards_;
};

/// All samples of a small array with a chunk a shard (classes, patch_id): samples × sample_bytes.
std::vector<std::byte> read_all_rows(const ArrayReader& array);

}  // namespace eoshard::ingest
