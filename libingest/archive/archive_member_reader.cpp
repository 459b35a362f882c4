#include "libingest/archive/archive_member_reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::size_t kReadBytes = 1 << 20;
constexpr std::size_t kBlockBytes = 512;  // of a tar
constexpr la_int64_t kLargestMember = la_int64_t{1} << 30;

struct FreeArchive {
  void operator()(archive* handle) const { archive_read_free(handle); }
};

std::string name_of(archive_entry* entry) {
  const char* name = archive_entry_pathname(entry);
  if (name == nullptr) name = archive_entry_pathname_utf8(entry);
  std::string text = name == nullptr ? "" : name;
  return text.starts_with("./") ? text.substr(2) : text;
}

}  // namespace

struct ArchiveMemberReader::State {
  std::unique_ptr<archive, FreeArchive> handle{archive_read_new()};
  archive_entry* entry = nullptr;

  std::string reason() const {
    const char* text = archive_error_string(handle.get());
    return text == nullptr ? "unknown reason" : text;
  }
};

bool is_archive_file(const std::filesystem::path& path) { return std::filesystem::is_regular_file(path); }

// POSIX.1-2001, pax interchange format: the magic of an uncompressed header; GNU's begins alike.
bool is_plain_tar(const std::filesystem::path& path) {
  if (!is_archive_file(path)) return false;
  constexpr std::size_t kMagicOffset = 257;
  std::string header(kBlockBytes, '\0');
  std::ifstream(path, std::ios::binary).read(header.data(), kBlockBytes);
  return std::string_view(header).substr(kMagicOffset).starts_with("ustar");
}

ArchiveMemberReader::ArchiveMemberReader(std::filesystem::path path)
    : path_(std::move(path)), state_(std::make_unique<State>()) {
  std::error_code unreadable;  // libarchive says why
  file_bytes_ = std::filesystem::file_size(path_, unreadable);
  archive* const handle = state_->handle.get();
  archive_read_support_filter_gzip(handle);
  archive_read_support_filter_bzip2(handle);
  archive_read_support_filter_xz(handle);
  archive_read_support_filter_zstd(handle);
  archive_read_support_format_tar(handle);
  archive_read_support_format_zip(handle);
  archive_read_support_format_rar(handle);
  archive_read_support_format_rar5(handle);
  if (archive_read_open_filename(handle, path_.c_str(), kReadBytes) != ARCHIVE_OK) {
    throw Error(ErrorKind::input,
                fmt::format("{}: {}; expected a tar (plain, gzip, bzip2, xz, zstd), zip or rar archive", path_.string(),
                            state_->reason()));
  }
}

ArchiveMemberReader::ArchiveMemberReader(std::filesystem::path path, std::string_view piece)
    : path_(std::move(path)), is_piece_(true), state_(std::make_unique<State>()) {
  archive* const handle = state_->handle.get();
  archive_read_support_format_tar(handle);
  if (archive_read_open_memory(handle, piece.data(), piece.size()) != ARCHIVE_OK) refuse(state_->reason());
}

ArchiveMemberReader::~ArchiveMemberReader() = default;

void ArchiveMemberReader::refuse(const std::string& what) const {
  const std::string place = member_.empty() ? "at its beginning" : "at " + member_;
  throw Error(ErrorKind::input, fmt::format("{}: the archive is damaged or cut {}: {}", path_.string(), place, what));
}

// libarchive takes a plain tar that ends without its two blocks of zeros for a whole one.
void ArchiveMemberReader::check_is_whole() const {
  if (is_piece_) return;
  archive* const handle = state_->handle.get();
  const bool is_tar = (archive_format(handle) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR;
  if (!is_tar || archive_filter_code(handle, 0) != ARCHIVE_FILTER_NONE) return;
  std::array<std::byte, kBlockBytes> block;
  const FileDescriptor file = open_for_reading(path_);
  const std::uint64_t bytes = file_size(file, path_);
  if (bytes < block.size()) refuse("it is shorter than a block");
  read_exactly(file, bytes - block.size(), block, path_);
  if (std::any_of(block.begin(), block.end(), [](std::byte byte) { return byte != std::byte{0}; })) {
    refuse("its end is missing");
  }
}

std::optional<std::string> ArchiveMemberReader::next() {
  for (;;) {
    const int status = archive_read_next_header(state_->handle.get(), &state_->entry);
    if (status == ARCHIVE_EOF) {
      check_is_whole();
      return std::nullopt;
    }
    if (status < ARCHIVE_WARN) refuse(state_->reason());  // a warning is about names and times, not about contents
    if (archive_entry_filetype(state_->entry) != AE_IFREG) continue;
    member_ = name_of(state_->entry);
    return member_;
  }
}

// What the archive says of sizes is not to be trusted with memory.
void ArchiveMemberReader::check_size(std::int64_t bytes) const {
  if (bytes >= 0 && bytes <= kLargestMember) return;
  refuse(fmt::format("it is said to have {} bytes; {} are read at most", bytes, kLargestMember));
}

std::string ArchiveMemberReader::read() {
  std::string bytes;
  if (archive_entry_size_is_set(state_->entry) != 0) {
    check_size(archive_entry_size(state_->entry));
    bytes.reserve(static_cast<std::size_t>(archive_entry_size(state_->entry)));
  }
  const void* block = nullptr;
  std::size_t block_bytes = 0;
  la_int64_t offset = 0;
  for (;;) {
    const int status = archive_read_data_block(state_->handle.get(), &block, &block_bytes, &offset);
    if (status == ARCHIVE_EOF) return bytes;
    if (status != ARCHIVE_OK) refuse(state_->reason());
    check_size(offset);
    bytes.resize(static_cast<std::size_t>(offset));  // holes of sparse files are zeros
    bytes.append(static_cast<const char*>(block), block_bytes);
  }
}

TarPlace ArchiveMemberReader::place() {
  archive* const handle = state_->handle.get();
  const auto begin = static_cast<std::uint64_t>(archive_read_header_position(handle));
  if (archive_read_data_skip(handle) != ARCHIVE_OK) refuse(state_->reason());
  const auto end = static_cast<std::uint64_t>(archive_filter_bytes(handle, 0));
  if (end > file_bytes_) refuse("its end is missing");  // what is skipped need not be there
  return {begin, end - begin};
}

}  // namespace eoshard::ingest
