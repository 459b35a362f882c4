#include "libingest/shard/shard_writer.hpp"

#include <bit>
#include <limits>

#include "libingest/shard/crc32c.hpp"

namespace eoshard::ingest {

static_assert(std::endian::native == std::endian::little, "shard indexes and chunks are little-endian");

ShardWriter::ShardWriter(const std::filesystem::path& array_folder, const ArraySpec& spec, std::int64_t shard)
    : file_(prepare(shard_path(array_folder, spec, shard))),
      chunks_per_shard_(static_cast<std::size_t>(spec.chunks_per_shard())) {}

std::filesystem::path ShardWriter::prepare(const std::filesystem::path& path) {
  std::filesystem::create_directories(path.parent_path());
  return path;
}

void ShardWriter::append(std::span<const std::byte> chunk) {
  index_.push_back(file_.position());
  index_.push_back(chunk.size());
  file_.write(chunk);
}

void ShardWriter::close() {
  constexpr std::uint64_t kAbsent = std::numeric_limits<std::uint64_t>::max();
  index_.resize(2 * chunks_per_shard_, kAbsent);
  const auto bytes = std::as_bytes(std::span(index_));
  file_.write(bytes);
  const std::uint32_t checksum = crc32c(bytes);
  file_.write(std::as_bytes(std::span(&checksum, 1)));
  file_.commit(Durability::rename_only);
}

}  // namespace eoshard::ingest
