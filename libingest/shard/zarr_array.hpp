// A sharded Zarr v3 array: what its zarr.json says, written and read.
//
// Layout (Zarr v3 core specification and its sharding_indexed codec): the chunk grid's chunks are shards of
// kShardSamples samples, files `c/<shard>/0/…`; a shard holds inner chunks, followed by an index of (u64 offset,
// u64 bytes) a chunk in C order and the index's CRC-32C.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "libingest/shard/codec.hpp"

namespace eoshard::ingest {

inline constexpr std::int64_t kShardSamples = 1024;

/// Shape and encoding of one array of a split.
struct ArraySpec {
  std::string name;                          ///< "data_10m"
  std::vector<std::int64_t> sample_shape;    ///< without the sample axis: {4, 120, 120}
  std::vector<std::string> dimension_names;  ///< one an axis, the sample axis first
  ChunkCodec codec = ChunkCodec::blosc_zstd_u16;
  bool is_chunk_per_sample = true;  ///< else one inner chunk a shard

  std::size_t sample_bytes() const;  ///< decoded bytes of one sample
  std::int64_t chunk_samples() const { return is_chunk_per_sample ? 1 : kShardSamples; }
  std::int64_t chunks_per_shard() const { return kShardSamples / chunk_samples(); }
  std::size_t index_bytes() const { return static_cast<std::size_t>(chunks_per_shard()) * 16 + 4; }
};

std::int64_t shard_count(std::int64_t samples);

/// `<array>/c/<shard>/0/0/…`
std::filesystem::path shard_path(const std::filesystem::path& array_folder, const ArraySpec& spec, std::int64_t shard);

/// Text of the array's zarr.json for `samples` samples.
std::string zarr_array_metadata(const ArraySpec& spec, std::int64_t samples);

/// Text of a group's zarr.json. `attributes_json` is a JSON object.
std::string zarr_group_metadata(const std::string& attributes_json);

struct ZarrArray {
  ArraySpec spec;
  std::int64_t samples = 0;
};

/// Reads an array's zarr.json. @throws Error{input} unless it is laid out as zarr_array_metadata writes it.
ZarrArray read_zarr_array(const std::filesystem::path& array_folder);

}  // namespace eoshard::ingest
