// zlib instead of matio: matio 1.5.23 reports success, with zeros for data, for arrays that are cut or damaged,
// verifies no checksum, and inflates a compressed array from its beginning for every run of values.
#include "libingest/archive/mat_element.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::uint64_t kHeaderBytes = 128, kTagBytes = 8;
constexpr std::uint32_t kMatrix = 14, kCompressed = 15;  // miMATRIX, miCOMPRESSED

[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view what) {
  throw Error(ErrorKind::input, fmt::format("{} {}", path.string(), what));
}

// Header: 116 bytes of text, 8 of a subsystem's offset, version, and 'IM' as a little-endian writer leaves it.
void check_header(const FileDescriptor& file, std::uint64_t file_bytes, const std::filesystem::path& path) {
  std::array<char, kHeaderBytes> header;
  if (file_bytes < kHeaderBytes) refuse(path, "is no MATLAB file: it is too short");
  read_exactly(file, 0, std::as_writable_bytes(std::span(header)), path);
  const std::string_view text(header.data(), header.size());
  if (text.starts_with("MATLAB 7.3")) refuse(path, "is a MATLAB 7.3 file; save it in MATLAB by save -v7");
  if (text.ends_with(std::string_view("\1\0MI", 4)) || text.ends_with(std::string_view("\0\1MI", 4))) {
    refuse(path, "is a big-endian MATLAB file; load and save it on a little-endian machine");
  }
  if (!text.ends_with(std::string_view("\0\1IM", 4))) refuse(path, "is no MATLAB file of version 5");
}

struct Tag {
  std::uint32_t type = 0;
  std::uint32_t bytes = 0;
};

Tag read_tag(const FileDescriptor& file, std::uint64_t offset, const std::filesystem::path& path) {
  Tag tag;
  read_exactly(file, offset, std::as_writable_bytes(std::span(&tag, 1)), path);
  return tag;
}

}  // namespace

std::vector<MatElement> list_mat_elements(const FileDescriptor& file, const std::filesystem::path& path) {
  const std::uint64_t file_bytes = file_size(file, path);
  check_header(file, file_bytes, path);
  std::vector<MatElement> elements;
  for (std::uint64_t offset = kHeaderBytes; offset < file_bytes;) {
    if (offset + kTagBytes > file_bytes) refuse(path, "is cut: it ends within a variable's tag");
    const Tag tag = read_tag(file, offset, path);
    offset += kTagBytes;
    if (offset + tag.bytes > file_bytes) {
      refuse(path, fmt::format("is cut: a variable of {} bytes begins at byte {}, but the file has {}", tag.bytes,
                               offset, file_bytes));
    }
    if (tag.type == kMatrix || tag.type == kCompressed)
      elements.push_back({offset, tag.bytes, tag.type == kCompressed});
    offset += tag.bytes;
  }
  return elements;
}

// --- compressed elements

// One zlib stream. What it gives begins with the tag of the matrix inside.
class MatElementReader::Inflation {
 public:
  Inflation(const FileDescriptor& file, const std::filesystem::path& path, const MatElement& element)
      : file_(file), path_(path), offset_(element.offset), left_(element.bytes), input_(kInputBytes) {
    if (inflateInit(&stream_) != Z_OK) throw Error(ErrorKind::internal, "zlib cannot be initialised");
  }
  ~Inflation() { inflateEnd(&stream_); }
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;

  /// Fills `out` as far as the stream goes.
  std::size_t read(std::span<std::byte> out) {
    std::size_t filled = 0;
    while (filled < out.size() && !is_finished_) filled += inflate_some(out.subspan(filled));
    return filled;
  }

 private:
  static constexpr std::size_t kInputBytes = std::size_t{256} << 10;

  void refill() {
    input_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kInputBytes, left_)));
    if (input_.empty()) refuse(path_, "is damaged: a compressed variable does not end");
    read_exactly(file_, offset_, input_, path_);
    offset_ += input_.size();
    left_ -= input_.size();
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(input_.size());
  }

  std::size_t inflate_some(std::span<std::byte> out) {
    constexpr std::size_t kMaxBytes = std::size_t{1} << 30;  // zlib counts by 32 bits
    if (stream_.avail_in == 0) refill();
    const auto room = static_cast<uInt>(std::min(out.size(), kMaxBytes));
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = room;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    is_finished_ = status == Z_STREAM_END;
    if (status != Z_OK && !is_finished_) {
      refuse(path_, fmt::format("is damaged: {}", stream_.msg == nullptr ? "its data do not inflate" : stream_.msg));
    }
    return room - stream_.avail_out;
  }

  const FileDescriptor& file_;
  const std::filesystem::path& path_;
  std::uint64_t offset_;
  std::uint64_t left_;
  std::vector<std::byte> input_;
  z_stream stream_{};
  bool is_finished_ = false;
};

// --- any element

MatElementReader::MatElementReader(const FileDescriptor& file, const std::filesystem::path& path,
                                   const MatElement& element)
    : file_(file), path_(path), element_(element) {
  if (!element.is_compressed) return;
  inflation_ = std::make_unique<Inflation>(file_, path_, element);
  Tag tag;
  if (inflation_->read(std::as_writable_bytes(std::span(&tag, 1))) != sizeof(tag)) throw_short();
  if (tag.type != kMatrix) refuse(path_, fmt::format("holds a compressed element of type {}, no matrix", tag.type));
  element_.bytes = tag.bytes;
}

MatElementReader::~MatElementReader() = default;

void MatElementReader::read(std::span<std::byte> out) {
  if (position_ + out.size() > element_.bytes) throw_short();
  if (!inflation_) {
    read_exactly(file_, element_.offset + position_, out, path_);
  } else if (inflation_->read(out) != out.size()) {
    throw_short();
  }
  position_ += out.size();
}

void MatElementReader::skip(std::uint64_t bytes) {
  if (position_ + bytes > element_.bytes) throw_short();
  if (!inflation_) {
    position_ += bytes;
    return;
  }
  std::vector<std::byte> passed(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, 256 << 10)));
  while (bytes > 0) {
    const auto step = std::min<std::uint64_t>(bytes, passed.size());
    read(std::span(passed).first(static_cast<std::size_t>(step)));
    bytes -= step;
  }
}

void MatElementReader::finish() {
  if (!inflation_) return;
  std::array<std::byte, 4096> rest;
  while (inflation_->read(rest) == rest.size()) {
  }
}

void MatElementReader::throw_short() const {
  refuse(path_, "is damaged: a variable is shorter than its description says");
}

}  // namespace eoshard::ingest
