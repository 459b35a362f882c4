// Reads samples of one array of one split from HDF5, by index, as ArrayReader does from Zarr.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "libingest/shard/codec.hpp"
#include "libingest/shard/dataset_formats.hpp"
#include "libingest/shard/hdf5_file.hpp"
#include "libingest/shard/zarr_array.hpp"

namespace eoshard::ingest {

/// Thread-safe; the library is used by one thread at a time, chunks are decoded outside of it.
class Hdf5ArrayReader {
 public:
  /// `spec` and `samples` say what the files must hold. Files of shards are opened on first use, a split's one file at
  /// once. @throws Error where it is damaged or laid out in another way.
  Hdf5ArrayReader(std::filesystem::path dataset, std::string split, const DatasetFormats& formats, ArraySpec spec,
                  std::int64_t samples);
  ~Hdf5ArrayReader();

  const ArraySpec& spec() const { return spec_; }
  std::int64_t samples() const { return samples_; }

  /// Reads and decodes sample `index` of an array with a chunk a sample, as ArrayReader::read_sample.
  /// @throws Error naming the file, array and index when the chunk or what leads to it is damaged, or is not laid out
  /// as Hdf5Writer writes it.
  void read_sample(std::int64_t index, std::span<std::byte> values, ChunkDecoder& decoder,
                   std::vector<std::byte>& scratch) const;

  /// All samples of shard `shard` of an array with a chunk a shard: kShardSamples rows, those past the end 0.
  std::vector<std::byte> read_shard_rows(std::int64_t shard) const;

 private:
  struct Source {
    Hdf5File file;
    Hdf5Dataset dataset;
  };

  std::int64_t file_of(std::int64_t index) const;    // its number; 0 in the single layout
  std::int64_t first_of(std::int64_t file) const;    // index of the file's first sample
  std::int64_t samples_of(std::int64_t file) const;  // held by the file
  std::filesystem::path path_of(std::int64_t file) const;
  const Source& open(std::int64_t file) const;
  void check_layout(const Hdf5Dataset& dataset, std::int64_t samples) const;
  void read_chunk(std::int64_t index, std::int64_t count, std::span<std::byte> values, ChunkDecoder& decoder,
                  std::vector<std::byte>& scratch) const;
  void read_frame(std::int64_t index, std::vector<std::byte>& frame) const;
  void read_values(std::int64_t index, std::int64_t count, std::span<std::byte> values) const;

  std::filesystem::path dataset_;
  std::string split_;
  DatasetFormats formats_;
  ArraySpec spec_;
  std::int64_t samples_;
  mutable std::map<std::int64_t, Source> sources_;  // guarded by hdf5_mutex()
};

}  // namespace eoshard::ingest
