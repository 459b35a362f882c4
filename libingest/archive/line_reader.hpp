// Lines of a text file, one after another, in memory that does not grow with the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "libingest/core/file.hpp"

namespace eoshard::ingest {

class LineReader {
 public:
  /// @throws Error{io}
  explicit LineReader(std::filesystem::path path);

  /// The next line without its LF or CRLF, or false at the end; `line` lives until the next call. Empty lines are
  /// passed over. @throws Error{input} for a line of more than 1 MB: then it is no text.
  bool next(std::string_view& line);

  /// Of the line read last; the first is 1.
  std::uint64_t number() const { return number_; }
  const std::filesystem::path& path() const { return path_; }

  /// "<path>: line <number>"
  std::string place() const;

 private:
  bool next_of_any_length(std::string_view& line);
  void read_more();

  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t offset_ = 0;  // of the buffer's end in the file
  std::string buffer_;
  std::size_t position_ = 0;
  std::uint64_t number_ = 0;
};

}  // namespace eoshard::ingest
