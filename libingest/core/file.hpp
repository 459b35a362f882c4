// Files: checked reads, and writes that appear under their name only when complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "libingest/core/unique_handle.hpp"

namespace eoshard {

struct FileDescriptorTraits {
  static int invalid() noexcept { return -1; }
  static void close(int descriptor) noexcept;
};
using FileDescriptor = UniqueHandle<int, FileDescriptorTraits>;

/// @throws Error{io} with path and reason.
FileDescriptor open_for_reading(const std::filesystem::path& path);
std::uint64_t file_size(const FileDescriptor& file, const std::filesystem::path& path);

/// Fills `out` from `offset`; thread-safe. @throws Error{io} on failure or when the file ends early.
void read_exactly(const FileDescriptor& file, std::uint64_t offset, std::span<std::byte> out,
                  const std::filesystem::path& path);

std::string read_text_file(const std::filesystem::path& path);

/// Whether a finished file is forced to disk before it gets its name. Files that carry a checksum and can be made
/// again need not be.
enum class Durability { rename_only, fsync };

/// A file written under `<path>.tmp` and renamed to `path` by `commit()`; discarded when destroyed without it.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends through a buffer. @throws Error{io}, e.g. when the disk is full.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  std::uint64_t position() const { return position_; }

  /// Flushes, renames, and reports every failure. With Durability::fsync the file and its folder survive a power cut.
  void commit(Durability durability);

 private:
  void write_through(std::span<const std::byte> bytes);
  void flush();

  std::filesystem::path path_;
  std::filesystem::path temporary_path_;
  FileDescriptor file_;
  std::string buffer_;
  std::uint64_t position_ = 0;
};

/// Writes a whole small file through AtomicFile.
void write_file(const std::filesystem::path& path, std::string_view text, Durability durability);

/// Forces a folder's entries (renames, deletions) to disk.
void sync_folder(const std::filesystem::path& folder);

/// Forces everything written so far to the file system of `folder` to disk.
void sync_file_system(const std::filesystem::path& folder);

}  // namespace eoshard
