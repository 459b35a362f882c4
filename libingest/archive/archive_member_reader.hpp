// The files inside a tar (plain, or compressed by gzip, bzip2, xz or zstd), a zip or a rar archive, one after the other.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace eoshard::ingest {

/// Whether `path` is a regular file; archives are told from folders by this, and by nothing in their names.
bool is_archive_file(const std::filesystem::path& path);

/// Reads from the beginning to the end, once; one thread. How an archive is packed is seen from its bytes.
class ArchiveMemberReader {
 public:
  /// @throws Error{input} when the file cannot be opened or is no archive.
  explicit ArchiveMemberReader(std::filesystem::path path);
  ~ArchiveMemberReader();
  ArchiveMemberReader(const ArchiveMemberReader&) = delete;
  ArchiveMemberReader& operator=(const ArchiveMemberReader&) = delete;

  /// Moves to the next regular file and returns its name without a leading "./"; none at the end. What was not read of
  /// the file before is skipped. @throws Error{input} naming the archive, and the member at which it is damaged or cut.
  std::optional<std::string> next();

  /// The bytes of the file that next() named, once. @throws Error{input} likewise.
  std::string read();

 private:
  struct State;
  [[noreturn]] void refuse(const std::string& what) const;
  void check_is_whole() const;

  std::filesystem::path path_;
  std::unique_ptr<State> state_;
  std::string member_;  // the one at hand
};

}  // namespace eoshard::ingest
