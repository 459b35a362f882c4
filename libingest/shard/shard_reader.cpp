#include "libingest/shard/shard_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "libingest/core/error.hpp"
#include "libingest/core/file_pool.hpp"
#include "libingest/shard/crc32c.hpp"

namespace eoshard::ingest {

struct ArrayReader::Shard {
  explicit Shard(std::filesystem::path path) : file(FilePool::shared(), std::move(path)) {}

  PooledFile file;
  std::vector<std::uint64_t> index;  // (offset, bytes) a chunk
};

std::vector<std::uint64_t> read_shard_index(const FileDescriptor& file, const std::filesystem::path& path,
                                            std::size_t chunks) {
  std::vector<std::uint64_t> index(2 * chunks);
  const auto entries = std::as_writable_bytes(std::span(index));
  std::uint32_t checksum = 0;
  const std::uint64_t size = file_size(file, path);
  const std::size_t index_bytes = entries.size() + sizeof checksum;
  if (size < index_bytes) throw Error(ErrorKind::input, fmt::format("{} is shorter than its index", path.string()));
  read_exactly(file, size - index_bytes, entries, path);
  read_exactly(file, size - sizeof checksum, std::as_writable_bytes(std::span(&checksum, 1)), path);
  if (crc32c(entries) == checksum) return index;
  throw Error(ErrorKind::input,
              fmt::format("{}: the index's CRC-32C does not match: the file is damaged or truncated", path.string()));
}

ArrayReader::ArrayReader(const std::filesystem::path& array_folder)
    : ArrayReader(array_folder, read_zarr_array(array_folder)) {}

ArrayReader::ArrayReader(const std::filesystem::path& array_folder, ZarrArray array)
    : folder_(array_folder), array_(std::move(array)) {
  shards_.resize(static_cast<std::size_t>(shard_count(array_.samples)));
}

const ArrayReader::Shard& ArrayReader::open_shard(std::int64_t shard) const {
  const std::lock_guard lock(mutex_);
  auto& slot = shards_.at(static_cast<std::size_t>(shard));
  if (slot) return *slot;
  auto opened = std::make_shared<Shard>(shard_path(folder_, array_.spec, shard));
  opened->index = read_shard_index(*opened->file.open(), opened->file.path(),
                                   static_cast<std::size_t>(array_.spec.chunks_per_shard()));
  slot = std::move(opened);
  return *slot;
}

std::filesystem::path ArrayReader::place_of(std::int64_t chunk) const {
  return shard_path(folder_, array_.spec, chunk / array_.spec.chunks_per_shard());
}

void ArrayReader::read_chunk(std::int64_t chunk, std::vector<std::byte>& bytes) const {
  const std::int64_t per_shard = array_.spec.chunks_per_shard();
  const Shard& shard = open_shard(chunk / per_shard);
  const auto entry = static_cast<std::size_t>(2 * (chunk % per_shard));
  const std::uint64_t offset = shard.index[entry];
  const std::uint64_t length = shard.index[entry + 1];
  const std::uint64_t limit =
      2 * array_.spec.sample_bytes() * static_cast<std::uint64_t>(array_.spec.chunk_samples()) + 4096;
  if (length > limit)  // an absent chunk too: its length is 2^64 - 1
    throw Error(ErrorKind::input, "the chunk is absent or has an impossible length");
  bytes.resize(length);
  read_exactly(*shard.file.open(), offset, bytes, shard.file.path());
}

void ArrayReader::decode_chunk(std::span<const std::byte> bytes, std::span<std::byte> values,
                               ChunkDecoder& decoder) const {
  decoder.decode(bytes, values);
}

}  // namespace eoshard::ingest
