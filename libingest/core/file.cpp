#include "libingest/core/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "libingest/core/error.hpp"

namespace eoshard {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr std::size_t kDirectBytes = std::size_t{32} << 10;  // from here on a call costs less than a copy

[[noreturn]] void throw_io(std::string_view what, const std::filesystem::path& path) {
  const std::string reason = std::generic_category().message(errno);
  throw Error(ErrorKind::io, fmt::format("{} {}: {}", what, path.string(), reason));
}

FileDescriptor open_folder(const std::filesystem::path& folder) {
  const std::filesystem::path name = folder.empty() ? "." : folder;
  FileDescriptor descriptor(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor) throw_io("cannot open folder", name);
  return descriptor;
}

}  // namespace

void FileDescriptorTraits::close(int descriptor) noexcept { ::close(descriptor); }

FileDescriptor open_for_reading(const std::filesystem::path& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw_io("cannot open", path);
  return file;
}

std::uint64_t file_size(const FileDescriptor& file, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_io("cannot stat", path);
  return static_cast<std::uint64_t>(status.st_size);
}

void read_exactly(const FileDescriptor& file, std::uint64_t offset, std::span<std::byte> out,
                  const std::filesystem::path& path) {
  while (!out.empty()) {
    const ssize_t count = ::pread(file.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_io("cannot read", path);
    if (count == 0) {
      throw Error(ErrorKind::io, fmt::format("{} ends early: {} bytes are missing at offset {}; the file is truncated",
                                             path.string(), out.size(), offset));
    }
    out = out.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

std::string read_text_file(const std::filesystem::path& path) {
  const FileDescriptor file = open_for_reading(path);
  std::string text(file_size(file, path), '\0');
  read_exactly(file, 0, std::as_writable_bytes(std::span(text)), path);
  return text;
}

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)), temporary_path_(path_) {
  temporary_path_ += ".tmp";
  file_ = FileDescriptor(::open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file_) throw_io("cannot create", temporary_path_);
  buffer_.reserve(kBufferBytes);
}

AtomicFile::~AtomicFile() {
  if (file_) ::unlink(temporary_path_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  position_ += bytes.size();
  const bool is_direct = bytes.size() >= kDirectBytes;
  if (is_direct || buffer_.size() + bytes.size() > kBufferBytes) flush();
  if (is_direct) {
    write_through(bytes);
  } else {
    buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

void AtomicFile::write_through(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_io("cannot write", temporary_path_);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void AtomicFile::flush() {
  write_through(std::as_bytes(std::span(buffer_)));
  buffer_.clear();
}

void AtomicFile::commit(Durability durability) {
  flush();
  if (durability == Durability::fsync && ::fsync(file_.get()) != 0) throw_io("cannot sync", temporary_path_);
  if (::close(file_.release()) != 0) throw_io("cannot close", temporary_path_);
  if (::rename(temporary_path_.c_str(), path_.c_str()) != 0) throw_io("cannot rename to", path_);
  if (durability == Durability::fsync) sync_folder(path_.parent_path());
}

void write_file(const std::filesystem::path& path, std::string_view text, Durability durability) {
  AtomicFile file(path);
  file.write(text);
  file.commit(durability);
}

void sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor descriptor = open_folder(folder);
  if (::fsync(descriptor.get()) != 0) throw_io("cannot sync folder", folder);
}

void sync_file_system(const std::filesystem::path& folder) {
  const FileDescriptor descriptor = open_folder(folder);
  if (::syncfs(descriptor.get()) != 0) throw_io("cannot sync the file system of", folder);
}

}  // namespace eoshard
