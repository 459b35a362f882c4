// The unfinished half of a dataset: encoded patches of one array of one product, in the order of rows and columns, with
// what is known of each. Written once, committed by rename, read by the assembly. The patches lie in the part itself or
// in drafts of shards beside it, which are there before the part is.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "libingest/core/file.hpp"
#include "libingest/core/types.hpp"
#include "libingest/shard/shard_writer.hpp"

namespace eoshard::ingest {

inline constexpr std::size_t kMaxArrayBands = kBands.size();

/// Exact sums of one band of one patch, in stored units.
struct PartMoments {
  std::uint64_t sum = 0;
  std::uint64_t sum_of_squares = 0;
  std::uint32_t minimum = 0;
  std::uint32_t maximum = 0;
};

/// One candidate patch. Stored as it is in memory (little-endian).
struct PartEntry {
  PatchPosition position;
  DraftPlace draft{};                                 ///< the draft that holds the chunk, if one does
  std::int32_t padding = 0;                           ///< so that every byte of an entry is set
  std::uint64_t offset = 0;                           ///< in the draft or the part
  std::uint64_t bytes = 0;                            ///< of the encoded chunk; 0 where the patch is dropped
  std::uint64_t has_zero = 0;                         ///< 1: a pixel of some band is no data
  std::array<PartMoments, kMaxArrayBands> moments{};  ///< a band of the array each
};

class PartWriter {
 public:
  /// All patches into the part itself.
  explicit PartWriter(const std::filesystem::path& path);

  /// Patches that have a chunk into drafts of shards.
  PartWriter(const std::filesystem::path& path, const FirstSamples& first);

  /// Appends a patch's chunk; fills in the entry's place and bytes. `split` counts for drafts alone.
  void append(PartEntry entry, std::span<const std::byte> chunk, std::size_t split = 0);

  /// Ends the drafts, writes the index and names the file. Not forced to disk: chunks and index carry checksums.
  void close();

 private:
  AtomicFile file_;
  std::optional<DraftWriter> drafts_;
  std::vector<PartEntry> entries_;
};

/// Reads an encoded chunk at its place in a part and checks its CRC-32C. @throws Error{io} naming `path`.
void read_chunk_at(const FileDescriptor& file, const std::filesystem::path& path, std::uint64_t offset,
                   std::uint64_t bytes, std::vector<std::byte>& chunk);

class PartReader {
 public:
  /// Reads the index. @throws Error{io} when it is damaged or cut.
  explicit PartReader(std::filesystem::path path);

  const std::vector<PartEntry>& entries() const { return entries_; }

  /// Reads the chunk of `entry` and checks its CRC-32C; thread-safe. @throws Error{io}
  void read_chunk(const PartEntry& entry, std::vector<std::byte>& chunk) const;

  /// The draft that holds the chunks of `entries` at the places 0, 1, … of one shard, and none besides.
  std::optional<std::filesystem::path> draft_of(std::span<const std::size_t> entries) const;

 private:
  // Drafts are opened when a chunk of theirs is wanted: most of them become shards as they are.
  struct OpenDrafts {
    std::mutex mutex;
    std::map<std::filesystem::path, FileDescriptor> files;
  };

  const FileDescriptor& open_draft(const std::filesystem::path& path) const;

  std::filesystem::path path_;
  FileDescriptor file_;
  std::vector<PartEntry> entries_;
  std::unique_ptr<OpenDrafts> drafts_ = std::make_unique<OpenDrafts>();
};

}  // namespace eoshard::ingest
