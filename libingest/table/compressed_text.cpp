#include "libingest/table/compressed_text.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <array>
#include <memory>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

struct FreeArchive {
  void operator()(archive* handle) const { archive_read_free(handle); }
};
using ArchiveReader = std::unique_ptr<archive, FreeArchive>;

// libarchive counts warnings as negative too: a text that was read with one is not to be trusted.
void check_archive(la_ssize_t status, archive* handle, const std::filesystem::path& path) {
  if (status >= ARCHIVE_OK) return;
  const char* reason = archive_error_string(handle);
  throw Error(ErrorKind::input,
              fmt::format("{} cannot be read: {}", path.string(), reason == nullptr ? "unknown reason" : reason));
}

ArchiveReader make_reader() {
  ArchiveReader reader(archive_read_new());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_bzip2(reader.get());
  archive_read_support_filter_xz(reader.get());
  archive_read_support_filter_zstd(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_read_support_format_empty(reader.get());
  return reader;
}

}  // namespace

std::string read_compressed_text(const std::filesystem::path& path) {
  constexpr std::size_t kBlockBytes = 64 << 10;
  const ArchiveReader reader = make_reader();
  check_archive(archive_read_open_filename(reader.get(), path.c_str(), kBlockBytes), reader.get(), path);
  archive_entry* entry = nullptr;
  const int status = archive_read_next_header(reader.get(), &entry);
  if (status == ARCHIVE_EOF) return "";
  check_archive(status, reader.get(), path);
  std::string text;
  std::array<char, kBlockBytes> block;
  for (;;) {
    const la_ssize_t bytes = archive_read_data(reader.get(), block.data(), block.size());
    check_archive(bytes, reader.get(), path);
    if (bytes == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(bytes));
  }
}

}  // namespace eoshard::ingest
