// Writes one shard file: chunks in the order of samples, then the index. And drafts of shards, made before it is
// certain which samples stay.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "libingest/core/file.hpp"
#include "libingest/core/types.hpp"
#include "libingest/shard/zarr_array.hpp"

namespace eoshard::ingest {

class ShardWriter {
 public:
  /// Creates the shard's folder as needed. Nothing is visible under the shard's name before close().
  ShardWriter(const std::filesystem::path& array_folder, const ArraySpec& spec, std::int64_t shard);

  /// A file of `chunks` places; those before `first_chunk` stay empty.
  ShardWriter(const std::filesystem::path& file, std::int64_t chunks, std::int64_t first_chunk);

  /// Appends the next chunk's encoded bytes. Returns their offset.
  std::uint64_t append(std::span<const std::byte> chunk);

  bool is_full() const { return index_.size() == 2 * chunks_per_shard_; }

  /// Writes the index, full length also in a ragged last shard, and names the file. @throws Error{io}
  void close();

 private:
  static std::filesystem::path prepare(const std::filesystem::path& path);

  AtomicFile file_;
  std::size_t chunks_per_shard_;
  std::vector<std::uint64_t> index_;  // (offset, bytes) a chunk
};

/// A chunk's place among the drafts of one array of one product.
struct DraftPlace {
  std::int32_t split = -1;  ///< index into kSplitNames; negative: in no draft
  std::int32_t shard = 0;
  std::int32_t chunk = 0;  ///< within the shard

  bool is_draft() const { return split >= 0; }
};

/// Index that the first sample of a product will have in each split if every candidate before it stays.
using FirstSamples = std::array<std::int64_t, kSplitNames.size()>;

/// `<part>.<split>.<shard>.draft`
std::filesystem::path draft_path(const std::filesystem::path& part, const DraftPlace& place);

/// Appends the chunks of an array with a chunk a sample to the shards where they will belong if all of them stay: each
/// file is what ShardWriter makes of the same chunks, and can become the shard.
class DraftWriter {
 public:
  DraftWriter(std::filesystem::path part, const FirstSamples& first);

  struct Appended {
    DraftPlace place;
    std::uint64_t offset = 0;
  };
  Appended append(std::size_t split, std::span<const std::byte> chunk);

  /// Ends and names all files. @throws Error{io}
  void close();

 private:
  std::filesystem::path part_;
  FirstSamples next_;                                                     // a split's next sample
  std::array<std::unique_ptr<ShardWriter>, kSplitNames.size()> writers_;  // none before a split's first sample
};

}  // namespace eoshard::ingest
