// Writes one shard file: chunks in the order of samples, then the index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "libingest/core/file.hpp"
#include "libingest/shard/zarr_array.hpp"

namespace eoshard::ingest {

class ShardWriter {
 public:
  /// Creates the shard's folder as needed. Nothing is visible under the shard's name before close().
  ShardWriter(const std::filesystem::path& array_folder, const ArraySpec& spec, std::int64_t shard);

  /// Appends the next chunk's encoded bytes.
  void append(std::span<const std::byte> chunk);

  /// Writes the index, full length also in a ragged last shard, and names the file. @throws Error{io}
  void close();

 private:
  static std::filesystem::path prepare(const std::filesystem::path& path);

  AtomicFile file_;
  std::size_t chunks_per_shard_;
  std::vector<std::uint64_t> index_;  // (offset, bytes) a chunk
};

}  // namespace eoshard::ingest
