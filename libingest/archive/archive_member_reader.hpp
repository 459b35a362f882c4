// The files inside a tar (plain, or compressed by gzip, bzip2, xz or zstd), a zip or a rar archive, one after the
// other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace eoshard::ingest {

/// Whether `path` is a regular file; archives are told from folders by this, and by nothing in their names.
bool is_archive_file(const std::filesystem::path& path);

/// Where neighbouring members of a tar lie, with all that describes them.
struct TarPlace {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

/// Whether `path` is a tar that is not compressed: what lies in it can be read without what lies before.
bool is_plain_tar(const std::filesystem::path& path);

/// Reads from the beginning to the end, once; one thread. How an archive is packed is seen from its bytes.
class ArchiveMemberReader {
 public:
  /// @throws Error{input} when the file cannot be opened or is no archive.
  explicit ArchiveMemberReader(std::filesystem::path path);

  /// Reads `piece`, which must outlive the reader: neighbouring members of the plain tar `path`.
  ArchiveMemberReader(std::filesystem::path path, std::string_view piece);
  ~ArchiveMemberReader();
  ArchiveMemberReader(const ArchiveMemberReader&) = delete;
  ArchiveMemberReader& operator=(const ArchiveMemberReader&) = delete;

  /// Moves to the next regular file and returns its name without a leading "./"; none at the end. What was not read of
  /// the file before is skipped. @throws Error{input} naming the archive, and the member at which it is damaged or cut.
  std::optional<std::string> next();

  /// The bytes of the file that next() named, once; 1 GiB at most. @throws Error{input} likewise.
  std::string read();

  /// Where the file that next() named lies in a plain tar; instead of read().
  /// @throws Error{input} likewise.
  TarPlace place();

 private:
  struct State;
  [[noreturn]] void refuse(const std::string& what) const;
  void check_is_whole() const;
  void check_size(std::int64_t bytes) const;

  std::filesystem::path path_;
  bool is_piece_ = false;
  std::uint64_t file_bytes_ = 0;
  std::unique_ptr<State> state_;
  std::string member_;  // the one at hand
};

}  // namespace eoshard::ingest
