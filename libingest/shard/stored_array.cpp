#include "libingest/shard/stored_array.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

// Calls `work` on a chunk; its errors say where the chunk lies.
template <class Work>
void at_chunk(const StoredArray& array, std::int64_t chunk, const Work& work) {
  try {
    work();
  } catch (Error& error) {
    error.add_context(array.describe_chunk(chunk));
    throw;
  }
}

}  // namespace

std::string StoredArray::describe_chunk(std::int64_t chunk) const {
  const char* unit = spec().is_chunk_per_sample ? "sample" : "shard";
  return fmt::format("{}, {} {}", place_of(chunk).string(), unit, chunk);
}

void StoredArray::read_sample(std::int64_t index, std::span<std::byte> values, ChunkDecoder& decoder,
                              std::vector<std::byte>& scratch) const {
  read_stored(index, scratch);
  decode_sample(index, scratch, values, decoder);
}

void StoredArray::read_stored(std::int64_t index, std::vector<std::byte>& bytes) const {
  at_chunk(*this, index, [&] { read_chunk(index, bytes); });
}

void StoredArray::decode_sample(std::int64_t index, std::span<const std::byte> bytes, std::span<std::byte> values,
                                ChunkDecoder& decoder) const {
  at_chunk(*this, index, [&] { decode_chunk(bytes, values, decoder); });
}

std::vector<std::byte> StoredArray::read_shard_rows(std::int64_t shard) const {
  std::vector<std::byte> rows(spec().sample_bytes() * static_cast<std::size_t>(kShardSamples));
  std::vector<std::byte> scratch;
  ChunkDecoder decoder(spec().codec);
  read_sample(shard, rows, decoder, scratch);
  const auto held = static_cast<std::size_t>(std::min(kShardSamples, samples() - shard * kShardSamples));
  std::fill(rows.begin() + static_cast<std::ptrdiff_t>(held * spec().sample_bytes()), rows.end(), std::byte{0});
  return rows;
}

std::vector<std::byte> read_all_rows(const StoredArray& array) {
  std::vector<std::byte> all;
  for (std::int64_t shard = 0; shard < shard_count(array.samples()); ++shard) {
    const std::vector<std::byte> rows = array.read_shard_rows(shard);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  all.resize(array.spec().sample_bytes() * static_cast<std::size_t>(array.samples()));
  return all;
}

}  // namespace eoshard::ingest
