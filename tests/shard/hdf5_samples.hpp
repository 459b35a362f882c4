// Small samples for the tests of HDF5 files: their values, and the chunks that Zarr shards would hold.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "libingest/core/counter_random.hpp"
#include "libingest/shard/codec.hpp"
#include "libingest/shard/hdf5_writer.hpp"

namespace eoshard::ingest {

inline const ArraySpec kImages{"data_10m", {2, 6, 6}, {"sample", "band", "y", "x"}, ChunkCodec::blosc_zstd_u16, true};
inline const ArraySpec kClassMap{"scl", {6, 6}, {"sample", "y", "x"}, ChunkCodec::zstd_u8, true};
inline const ArraySpec kLabels{"classes", {5}, {"sample", "class"}, ChunkCodec::zstd_u8, false};
inline const std::vector<ArraySpec> kSpecs = {kImages, kClassMap, kLabels};

// Every third sample is random, so that its planes do not shrink.
inline std::vector<std::byte> sample_of(const ArraySpec& spec, std::int64_t index) {
  std::vector<std::byte> values(spec.sample_bytes());
  for (std::size_t at = 0; at < values.size(); ++at) {
    const auto bits = random_bits(7, static_cast<std::uint64_t>(index), at);
    values[at] = static_cast<std::byte>(index % 3 == 2 ? bits : static_cast<std::uint64_t>(index) + at % 3);
  }
  return values;
}

// Samples [first, first + count), in an own shard's rows when the array has a chunk a shard.
inline std::vector<std::byte> samples_of(const ArraySpec& spec, std::int64_t first, std::int64_t count) {
  std::vector<std::byte> all;
  for (std::int64_t index = first; index < first + count; ++index) {
    const auto sample = sample_of(spec, index);
    all.insert(all.end(), sample.begin(), sample.end());
  }
  return all;
}

inline std::vector<std::byte> rows_of(const ArraySpec& spec, std::int64_t shard, std::int64_t samples) {
  const std::int64_t first = shard * kShardSamples;
  auto rows = samples_of(spec, first, std::min(kShardSamples, samples - first));
  rows.resize(spec.sample_bytes() * static_cast<std::size_t>(kShardSamples));
  return rows;
}

inline Hdf5Contents contents_of(std::int64_t samples, Hdf5Compression compression) {
  Hdf5Contents contents{{}, samples, compression};
  for (const ArraySpec& spec : kSpecs) {
    contents.arrays.push_back({spec, {{"bands", std::vector<std::string>{"B02", "B03"}}, {"resolution_m", 10}}});
  }
  return contents;
}

}  // namespace eoshard::ingest
