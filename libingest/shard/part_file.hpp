// The unfinished half of a dataset: encoded patches of one array of one product, in the order of rows and columns, with
// what is known of each. Written once, committed by rename, read by the assembly.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "libingest/core/file.hpp"
#include "libingest/core/types.hpp"

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
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;                            ///< of the encoded chunk; 0 where the patch is dropped
  std::uint64_t has_zero = 0;                         ///< 1: a pixel of some band is no data
  std::array<PartMoments, kMaxArrayBands> moments{};  ///< a band of the array each
};

class PartWriter {
 public:
  explicit PartWriter(const std::filesystem::path& path);

  /// Appends a patch's chunk; fills in the entry's offset and bytes.
  void append(PartEntry entry, std::span<const std::byte> chunk);

  /// Writes the index and names the file. Not forced to disk: chunks and index carry checksums.
  void close();

 private:
  AtomicFile file_;
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

  /// Reads the chunk of `entry` and checks its CRC-32C. @throws Error{io}
  void read_chunk(const PartEntry& entry, std::vector<std::byte>& chunk) const;

 private:
  std::filesystem::path path_;
  FileDescriptor file_;
  std::vector<PartEntry> entries_;
};

}  // namespace eoshard::ingest
