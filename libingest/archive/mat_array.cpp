#include "libingest/archive/mat_array.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

// MathWorks, "MAT-File Level 5 File Format", tables 1-1 and 1-3, figure 1-6.
enum StoredType : std::uint32_t {
  kInt8 = 1,
  kUint8 = 2,
  kInt16 = 3,
  kUint16 = 4,
  kInt32 = 5,
  kUint32 = 6,
  kSingle = 7,
  kDouble = 9,
  kInt64 = 12,
  kUint64 = 13,
};
constexpr std::uint32_t kFirstNumericClass = 6, kLastNumericClass = 15;
constexpr std::uint32_t kComplexFlag = 0x0800;
constexpr std::uint64_t kMaxNameBytes = 1024, kMaxDimensions = 32;

std::size_t bytes_of(std::uint32_t type) {
  switch (type) {
    case kInt8:
    case kUint8: return 1;
    case kInt16:
    case kUint16: return 2;
    case kInt32:
    case kUint32:
    case kSingle: return 4;
    case kDouble:
    case kInt64:
    case kUint64: return 8;
    default: return 0;
  }
}

// The tag of a part of a matrix. A short one has up to four bytes of data beside it instead of behind it.
struct PartTag {
  std::uint32_t type = 0;
  std::uint64_t bytes = 0;
  bool is_short = false;
};

std::uint32_t read_word(MatElementReader& reader) {
  std::uint32_t word = 0;
  reader.read(std::as_writable_bytes(std::span(&word, 1)));
  return word;
}

PartTag read_part_tag(MatElementReader& reader) {
  const std::uint32_t word = read_word(reader);
  if (word >> 16 != 0) return {word & 0xffff, word >> 16, true};
  return {word, read_word(reader), false};
}

void skip_padding(MatElementReader& reader, const PartTag& tag) {
  const std::uint64_t unit = tag.is_short ? 4 : 8;
  reader.skip((unit - tag.bytes % unit) % unit);
}

std::vector<std::byte> read_part(MatElementReader& reader, std::uint64_t max_bytes) {
  const PartTag tag = read_part_tag(reader);
  std::vector<std::byte> part(static_cast<std::size_t>(std::min(tag.bytes, max_bytes)));
  reader.read(part);
  reader.skip(tag.bytes - part.size());
  skip_padding(reader, tag);
  return part;
}

// What stands before the values of a matrix.
struct MatrixHeader {
  std::uint32_t flags = 0;  // class in the lowest byte
  std::vector<std::size_t> dimensions;
  std::string name;

  bool is_real_numeric() const {
    const std::uint32_t matrix_class = flags & 0xff;
    return matrix_class >= kFirstNumericClass && matrix_class <= kLastNumericClass && (flags & kComplexFlag) == 0;
  }
};

template <class Number>
std::vector<Number> numbers_in(const std::vector<std::byte>& bytes) {
  std::vector<Number> numbers(bytes.size() / sizeof(Number));
  const auto used = std::span(bytes).first(numbers.size() * sizeof(Number));
  std::copy(used.begin(), used.end(), std::as_writable_bytes(std::span(numbers)).begin());
  return numbers;
}

MatrixHeader read_matrix_header(MatElementReader& reader) {
  MatrixHeader header;
  const auto flags = numbers_in<std::uint32_t>(read_part(reader, sizeof(header.flags)));
  if (!flags.empty()) header.flags = flags.front();
  for (const auto size : numbers_in<std::int32_t>(read_part(reader, kMaxDimensions * sizeof(std::int32_t)))) {
    header.dimensions.push_back(static_cast<std::size_t>(std::max(size, 0)));
  }
  const std::vector<std::byte> name = read_part(reader, kMaxNameBytes);
  header.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
  return header;
}

template <class Number>
std::vector<double> convert(const std::vector<std::byte>& bytes) {
  const std::vector<Number> numbers = numbers_in<Number>(bytes);
  return std::vector<double>(numbers.begin(), numbers.end());
}

std::vector<double> convert(std::uint32_t type, const std::vector<std::byte>& bytes) {
  switch (type) {
    case kInt8: return convert<std::int8_t>(bytes);
    case kUint8: return convert<std::uint8_t>(bytes);
    case kInt16: return convert<std::int16_t>(bytes);
    case kUint16: return convert<std::uint16_t>(bytes);
    case kInt32: return convert<std::int32_t>(bytes);
    case kUint32: return convert<std::uint32_t>(bytes);
    case kSingle: return convert<float>(bytes);
    case kInt64: return convert<std::int64_t>(bytes);
    case kUint64: return convert<std::uint64_t>(bytes);
    default: return convert<double>(bytes);
  }
}

}  // namespace

MatArray::MatArray(const std::filesystem::path& path, const std::string& variable)
    : path_(path), variable_(variable), file_(open_for_reading(path)) {
  find_element();
  rewind();
}

void MatArray::find_element() {
  std::vector<std::string> names;
  for (const MatElement& element : list_mat_elements(file_, path_)) {
    MatElementReader reader(file_, path_, element);
    const MatrixHeader header = read_matrix_header(reader);
    names.push_back(header.name);
    if (header.name != variable_) continue;
    if (!header.is_real_numeric()) refuse("is no array of real numbers");
    element_ = element;
    dimensions_ = header.dimensions;
    return;
  }
  throw Error(ErrorKind::input, fmt::format("{} has no variable '{}'; its variables are: {}", path_.string(), variable_,
                                            fmt::join(names, ", ")));
}

std::size_t MatArray::values() const {
  return std::accumulate(dimensions_.begin(), dimensions_.end(), std::size_t{1}, std::multiplies<>());
}

// Puts the reader before the first value.
void MatArray::rewind() {
  reader_.emplace(file_, path_, element_);
  read_matrix_header(*reader_);
  const PartTag tag = read_part_tag(*reader_);
  stored_type_ = tag.type;
  data_position_ = reader_->position();
  if (bytes_of(tag.type) == 0 || tag.bytes != values() * bytes_of(tag.type)) {
    refuse(fmt::format("is damaged: it says {} values, but stores {} bytes of type {}", values(), tag.bytes, tag.type));
  }
}

void MatArray::read_bytes(std::size_t first, std::span<std::uint8_t> out) {
  if (stored_type_ != kUint8) refuse(fmt::format("stores numbers of type {}, not bytes (uint8)", stored_type_));
  read(first, std::as_writable_bytes(out));
}

std::vector<double> MatArray::read_numbers() {
  std::vector<std::byte> bytes(values() * bytes_of(stored_type_));
  read(0, bytes);
  return convert(stored_type_, bytes);
}

void MatArray::read(std::size_t first_byte, std::span<std::byte> out) {
  if (data_position_ + first_byte < reader_->position()) rewind();
  reader_->skip(data_position_ + first_byte - reader_->position());
  reader_->read(out);
  if (first_byte + out.size() == values() * bytes_of(stored_type_)) reader_->finish();
}

void MatArray::refuse(std::string_view what) const {
  throw Error(ErrorKind::input, fmt::format("{}: variable '{}' {}", path_.string(), variable_, what));
}

}  // namespace eoshard::ingest
