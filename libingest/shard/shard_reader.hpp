// Reads samples of one sharded Zarr array by index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <vector>

#include "libingest/core/file.hpp"
#include "libingest/shard/stored_array.hpp"

namespace eoshard::ingest {

/// The index at the end of a shard file of `chunks` chunks: offset and bytes of each, all ones where a chunk is absent.
/// @throws Error{input} when it is damaged.
std::vector<std::uint64_t> read_shard_index(const FileDescriptor& file, const std::filesystem::path& path,
                                            std::size_t chunks);

/// One array of one split. Shards' indexes are read on first use and kept, their files lie in
/// FilePool::shared(); reads are pread.
class ArrayReader : public StoredArray {
 public:
  /// `array_folder` is e.g. "mydata/train.zarr/data_10m". @throws Error{input|io}
  explicit ArrayReader(const std::filesystem::path& array_folder);
  /// The same where it is known what the folder's zarr.json says: nothing is read yet.
  ArrayReader(const std::filesystem::path& array_folder, ZarrArray array);

  const ArraySpec& spec() const override { return array_.spec; }
  std::int64_t samples() const override { return array_.samples; }
  std::filesystem::path place_of(std::int64_t chunk) const override;
  void read_chunk(std::int64_t chunk, std::vector<std::byte>& bytes) const override;
  void decode_chunk(std::span<const std::byte> bytes, std::span<std::byte> values,
                    ChunkDecoder& decoder) const override;

 private:
  struct Shard;
  const Shard& open_shard(std::int64_t shard) const;

  std::filesystem::path folder_;
  ZarrArray array_;
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<Shard>> shards_;
};

}  // namespace eoshard::ingest
