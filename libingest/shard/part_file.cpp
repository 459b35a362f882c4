#include "libingest/shard/part_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "libingest/core/error.hpp"
#include "libingest/shard/crc32c.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::uint64_t kMagic = 0x3230747261706f65;  // "eopart02"

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

PartWriter::PartWriter(const std::filesystem::path& path, const FirstSamples& first)
    : file_(path), drafts_(std::in_place, path, first) {}

void PartWriter::append(PartEntry entry, std::span<const std::byte> chunk, std::size_t split) {
  entry.bytes = chunk.size();
  if (drafts_ && !chunk.empty()) {
    const DraftWriter::Appended appended = drafts_->append(split, chunk);
    entry.draft = appended.place;
    entry.offset = appended.offset;
  } else {
    entry.offset = file_.position();
    file_.write(chunk);
  }
  entries_.push_back(entry);
}

void PartWriter::close() {
  if (drafts_) drafts_->close();
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
  if (!entry.draft.is_draft()) return read_chunk_at(file_, path_, entry.offset, entry.bytes, chunk);
  const std::filesystem::path draft = draft_path(path_, entry.draft);
  read_chunk_at(open_draft(draft), draft, entry.offset, entry.bytes, chunk);
}

const FileDescriptor& PartReader::open_draft(const std::filesystem::path& path) const {
  const std::lock_guard lock(drafts_->mutex);
  const auto known = drafts_->files.find(path);
  return known != drafts_->files.end() ? known->second
                                       : drafts_->files.emplace(path, open_for_reading(path)).first->second;
}

std::optional<std::filesystem::path> PartReader::draft_of(std::span<const std::size_t> entries) const {
  if (entries.empty()) return {};
  const DraftPlace draft = entries_.at(entries.front()).draft;
  const auto is_in_draft = [&](const PartEntry& entry) {
    return entry.draft.is_draft() && entry.draft.split == draft.split && entry.draft.shard == draft.shard;
  };
  for (std::size_t place = 0; place < entries.size(); ++place) {
    const PartEntry& entry = entries_.at(entries[place]);
    if (!is_in_draft(entry) || static_cast<std::size_t>(entry.draft.chunk) != place) return {};
  }
  const auto in_draft = std::count_if(entries_.begin(), entries_.end(), is_in_draft);
  if (static_cast<std::size_t>(in_draft) != entries.size()) return {};
  return draft_path(path_, draft);
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
