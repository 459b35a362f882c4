#include "libingest/shard/part_file.hpp"

#include <fmt/format.h>

#include <cstring>
#include <type_traits>

#include "libingest/core/error.hpp"
#include "libingest/shard/crc32c.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::uint64_t kMagic = 0x3130747261706f65;  // "eopart01"

struct Footer {
  std::uint64_t entries = 0;
  std::uint64_t index_checksum = 0;
  std::uint64_t magic = kMagic;
};

static_assert(std::is_trivially_copyable_v<PartEntry> && std::is_trivially_copyable_v<Footer>);

[[noreturn]] void throw_damaged(const std::filesystem::path& path) {
  throw Error(ErrorKind::io, fmt::format("{} is damaged; remove it and run the same command again", path.string()));
}

}  // namespace

PartWriter::PartWriter(const std::filesystem::path& path) : file_(path) {}

void PartWriter::append(PartEntry entry, std::span<const std::byte> chunk) {
  entry.offset = file_.position();
  entry.bytes = chunk.size();
  entries_.push_back(entry);
  file_.write(chunk);
}

void PartWriter::close() {
  const auto index = std::as_bytes(std::span(entries_));
  const Footer footer{entries_.size(), crc32c(index), kMagic};
  file_.write(index);
  file_.write(std::as_bytes(std::span(&footer, 1)));
  file_.commit(Durability::rename_only);
}

PartReader::PartReader(std::filesystem::path path) : path_(std::move(path)), file_(open_for_reading(path_)) {
  const std::uint64_t size = file_size(file_, path_);
  Footer footer;
  if (size < sizeof(footer)) throw_damaged(path_);
  read_exactly(file_, size - sizeof(footer), std::as_writable_bytes(std::span(&footer, 1)), path_);
  const std::uint64_t room = size - sizeof(footer);
  if (footer.magic != kMagic || footer.entries > room / sizeof(PartEntry)) throw_damaged(path_);
  entries_.resize(footer.entries);
  const auto index = std::as_writable_bytes(std::span(entries_));
  read_exactly(file_, room - index.size(), index, path_);
  if (crc32c(index) != footer.index_checksum) throw_damaged(path_);
}

void PartReader::read_chunk(const PartEntry& entry, std::vector<std::byte>& chunk) const {
  read_chunk_at(file_, path_, entry.offset, entry.bytes, chunk);
}

void read_chunk_at(const FileDescriptor& file, const std::filesystem::path& path, std::uint64_t offset,
                   std::uint64_t bytes, std::vector<std::byte>& chunk) {
  chunk.resize(bytes);
  read_exactly(file, offset, chunk, path);
  std::uint32_t checksum = 0;
  if (chunk.size() < sizeof(checksum)) throw_damaged(path);
  const auto body = std::span<const std::byte>(chunk).first(chunk.size() - sizeof(checksum));
  std::memcpy(&checksum, chunk.data() + body.size(), sizeof(checksum));
  if (crc32c(body) != checksum) throw_damaged(path);
}

}  // namespace eoshard::ingest
