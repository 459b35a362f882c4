// Reads samples of one array of one split from HDF5, by index, as ArrayReader does from Zarr.
#pragma once

#include <mutex>

#include "libingest/core/file.hpp"
#include "libingest/shard/hdf5_file.hpp"
#include "libingest/shard/stored_array.hpp"

namespace eoshard::ingest {

/// The library tells where the chunks of a shard's samples lie; they are read and decoded without it, so by many
/// threads at a time. A shard's file is looked at on first use, a split's one file at once.
class Hdf5ArrayReader : public StoredArray {
 public:
  /// `spec` and `samples` say what the files must hold. @throws Error where the one file of a split is damaged or laid
  /// out in another way than Hdf5Writer's; a shard's file is looked at when it is first read.
  Hdf5ArrayReader(std::filesystem::path dataset, std::string split, const DatasetFormats& formats, ArraySpec spec,
                  std::int64_t samples);
  ~Hdf5ArrayReader() override;

  const ArraySpec& spec() const override { return spec_; }
  std::int64_t samples() const override { return samples_; }
  std::filesystem::path place_of(std::int64_t chunk) const override;
  void read_chunk(std::int64_t chunk, std::vector<std::byte>& bytes) const override;
  void decode_chunk(std::span<const std::byte> bytes, std::span<std::byte> values,
                    ChunkDecoder& decoder) const override;

 private:
  struct Source;
  struct Shard;

  bool is_single() const { return formats_.hdf5_layout == Hdf5Layout::single; }
  std::shared_ptr<const Source> open_source(std::int64_t shard) const;
  const Shard& open_shard(std::int64_t shard) const;
  void check_layout(const Hdf5Dataset& dataset, std::int64_t samples) const;

  std::filesystem::path dataset_;
  std::string split_;
  DatasetFormats formats_;
  ArraySpec spec_;
  std::int64_t samples_;
  std::shared_ptr<const Source> single_;  // the split's one file, where it has one
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<const Shard>> shards_;
};

}  // namespace eoshard::ingest
