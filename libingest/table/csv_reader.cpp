#include "libingest/table/csv_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr int kEnd = -1;

}  // namespace

CsvReader::CsvReader(const std::filesystem::path& path)
    : path_(path), file_(open_for_reading(path)), file_bytes_(eoshard::file_size(file_, path)) {
  read_header();
}

CsvReader::CsvReader(std::string_view text, std::filesystem::path source)
    : path_(std::move(source)), buffer_(text.begin(), text.end()) {
  read_header();
}

void CsvReader::read_header() {
  skip_byte_order_mark();
  columns_.resize(read_row(columns_));
  if (columns_.empty()) throw Error(ErrorKind::input, fmt::format("{} is empty: it lacks its header", path_.string()));
}

std::optional<std::size_t> CsvReader::find_column(std::string_view name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns_.begin());
}

std::size_t CsvReader::column(std::string_view name) const {
  if (const auto found = find_column(name)) return *found;
  throw Error(ErrorKind::input, fmt::format("{} has no column '{}'; its columns are: {}", path_.string(), name,
                                            fmt::join(columns_, ", ")));
}

bool CsvReader::next(std::vector<std::string>& fields) {
  std::size_t count = read_row(fields);
  while (count == 1 && columns_.size() > 1 && fields.front().empty()) count = read_row(fields);  // blank lines
  if (count == 0) return false;
  if (count != columns_.size()) {
    throw_bad_row(fmt::format("has {} fields, but the header has {}", count, columns_.size()));
  }
  fields.resize(count);
  return true;
}

// As spreadsheet programs put it before UTF-8.
void CsvReader::skip_byte_order_mark() {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (peek() != kEnd && std::string_view(buffer_.data(), buffer_.size()).starts_with(kByteOrderMark)) {
    position_ = kByteOrderMark.size();
  }
}

// Fields are overwritten in place, so that a table of millions of rows needs no allocation a row. Returns how many the
// row has; 0 at the end of the file.
std::size_t CsvReader::read_row(std::vector<std::string>& fields) {
  if (peek() == kEnd) return 0;
  ++row_;
  for (std::size_t count = 0;; ++count) {
    if (count == fields.size()) fields.emplace_back();
    std::string& field = fields[count];
    field.clear();
    if (peek() == '"') take_quoted(field);
    int character = take();
    for (; character != ',' && character != '\n' && character != kEnd; character = take()) {
      field += static_cast<char>(character);
    }
    if (character == ',') continue;
    if (!field.empty() && field.back() == '\r') field.pop_back();
    return count + 1;
  }
}

void CsvReader::take_quoted(std::string& field) {
  take();
  for (;;) {
    const int character = take();
    if (character == kEnd) throw_bad_row("opens a quote that is never closed");
    if (character == '"' && peek() != '"') return;
    if (character == '"') take();
    field += static_cast<char>(character);
  }
}

int CsvReader::take() {
  const int character = peek();
  if (character != kEnd) ++position_;
  return character;
}

int CsvReader::peek() {
  if (position_ == buffer_.size() && !refill()) return kEnd;
  return static_cast<unsigned char>(buffer_[position_]);
}

bool CsvReader::refill() {
  buffer_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kBufferBytes, file_bytes_ - offset_)));
  read_exactly(file_, offset_, std::as_writable_bytes(std::span(buffer_)), path_);
  offset_ += buffer_.size();
  position_ = 0;
  return !buffer_.empty();
}

void CsvReader::throw_bad_row(std::string_view what) const {
  throw Error(ErrorKind::input, fmt::format("{}: row {} {}; the table is damaged", path_.string(), row_, what));
}

}  // namespace eoshard::ingest
