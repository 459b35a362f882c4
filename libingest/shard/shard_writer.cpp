#include "libingest/shard/shard_writer.hpp"

#include <bit>
#include <limits>

#include <fmt/format.h>

#include "libingest/shard/crc32c.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::uint64_t kAbsent = std::numeric_limits<std::uint64_t>::max();

}  // namespace

static_assert(std::endian::native == std::endian::little, "shard indexes and chunks are little-endian");

ShardWriter::ShardWriter(const std::filesystem::path& array_folder, const ArraySpec& spec, std::int64_t shard)
    : ShardWriter(prepare(shard_path(array_folder, spec, shard)), spec.chunks_per_shard(), 0) {}

ShardWriter::ShardWriter(const std::filesystem::path& file, std::int64_t chunks, std::int64_t first_chunk)
    : file_(file),
      chunks_per_shard_(static_cast<std::size_t>(chunks)),
      index_(2 * static_cast<std::size_t>(first_chunk), kAbsent) {}

std::filesystem::path ShardWriter::prepare(const std::filesystem::path& path) {
  std::filesystem::create_directories(path.parent_path());
  return path;
}

std::uint64_t ShardWriter::append(std::span<const std::byte> chunk) {
  const std::uint64_t offset = file_.position();
  index_.push_back(offset);
  index_.push_back(chunk.size());
  file_.write(chunk);
  return offset;
}

void ShardWriter::close() {
  index_.resize(2 * chunks_per_shard_, kAbsent);
  const auto bytes = std::as_bytes(std::span(index_));
  file_.write(bytes);
  const std::uint32_t checksum = crc32c(bytes);
  file_.write(std::as_bytes(std::span(&checksum, 1)));
  file_.commit(Durability::rename_only);
}

std::filesystem::path draft_path(const std::filesystem::path& part, const DraftPlace& place) {
  return part.string() + fmt::format(".{}.{}.draft", kSplitNames[static_cast<std::size_t>(place.split)], place.shard);
}

DraftWriter::DraftWriter(std::filesystem::path part, const FirstSamples& first)
    : part_(std::move(part)), next_(first) {}

DraftWriter::Appended DraftWriter::append(std::size_t split, std::span<const std::byte> chunk) {
  const std::int64_t sample = next_[split]++;
  const DraftPlace place{static_cast<std::int32_t>(split), static_cast<std::int32_t>(sample / kShardSamples),
                         static_cast<std::int32_t>(sample % kShardSamples)};
  std::unique_ptr<ShardWriter>& writer = writers_[split];
  if (writer == nullptr) writer = std::make_unique<ShardWriter>(draft_path(part_, place), kShardSamples, place.chunk);
  const std::uint64_t offset = writer->append(chunk);
  if (writer->is_full()) {
    writer->close();
    writer.reset();
  }
  return {place, offset};
}

void DraftWriter::close() {
  for (const auto& writer : writers_) {
    if (writer != nullptr) writer->close();
  }
}

}  // namespace eoshard::ingest
