// Reads comma-separated tables (RFC 4180) a row at a time, in memory that does not grow with the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libingest/core/file.hpp"

namespace eoshard::ingest {

/// A table with a header line. Lines end with LF or CRLF; a quoted field may hold commas, quotes and line breaks. A
/// UTF-8 byte-order mark and blank lines are passed over.
class CsvReader {
 public:
  /// Opens `path` and reads its header. @throws Error{io|input}
  explicit CsvReader(const std::filesystem::path& path);
  /// The same of a text; messages call it `source`.
  CsvReader(std::string_view text, std::filesystem::path source);

  const std::vector<std::string>& columns() const { return columns_; }
  std::optional<std::size_t> find_column(std::string_view name) const;
  /// @throws Error{input} naming the columns that the table has when this is none.
  std::size_t column(std::string_view name) const;

  /// Fills `fields`, one a column; false at the end. @throws Error{input} naming the row when it has another number
  /// of fields than the header, or a quote is never closed.
  bool next(std::vector<std::string>& fields);

  /// Of the row read last; the header is row 1.
  std::uint64_t row() const { return row_; }

 private:
  void read_header();
  void skip_byte_order_mark();
  std::size_t read_row(std::vector<std::string>& fields);
  int take();
  int peek();
  bool refill();
  void take_quoted(std::string& field);
  [[noreturn]] void throw_bad_row(std::string_view what) const;

  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t offset_ = 0;  // of the buffer's end in the file
  std::vector<char> buffer_;
  std::size_t position_ = 0;
  std::uint64_t row_ = 0;
  std::vector<std::string> columns_;
};

}  // namespace eoshard::ingest
