// A decoded sample of an archive as the chunks of the dataset's arrays, with the sums of its bands.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "libingest/archive/archive_source.hpp"
#include "libingest/pipeline/packed_arrays.hpp"
#include "libingest/resample/upsample.hpp"
#include "libingest/shard/codec.hpp"
#include "libingest/shard/part_file.hpp"

namespace eoshard::ingest {

struct EncodedSample {
  std::vector<std::vector<std::byte>> chunks;  ///< one an array
  std::vector<PartMoments> moments;            ///< one a band of statistics_bands()
};

/// One a thread. The layout and the arrays must outlive it.
class SampleEncoder {
 public:
  SampleEncoder(const ArchiveLayout& layout, const std::vector<PackedArray>& arrays, UpsampleMethod method);

  void encode(const DecodedSample& sample, EncodedSample& encoded);

 private:
  std::span<const std::byte> values_of(const PackedArray& array, const DecodedSample& sample);
  std::span<const std::byte> plane_of(const DecodedSample& sample, const ArchivePlane& plane) const;
  void fill_plane(const PackedArray& array, const DecodedSample& sample, const ArchivePlane& plane,
                  std::span<std::byte> out);
  void add_moments(std::size_t array, std::span<const std::byte> values, std::vector<PartMoments>& moments) const;

  const ArchiveLayout& layout_;
  const std::vector<PackedArray>& arrays_;
  UpsampleMethod method_;
  std::vector<StatisticsBand> bands_;
  ChunkEncoder wide_{ChunkCodec::blosc_zstd_u16};
  ChunkEncoder narrow_{ChunkCodec::zstd_u8};
  std::vector<std::byte> values_;  // of one array
  UpsampleBuffers buffers_;
};

}  // namespace eoshard::ingest
