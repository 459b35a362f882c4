// Samples of one array of one split by index, in whichever format they are stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libingest/shard/codec.hpp"
#include "libingest/shard/dataset_formats.hpp"
#include "libingest/shard/zarr_array.hpp"

namespace eoshard::ingest {

/// Thread-safe. A chunk is a sample, or a shard's rows (ArraySpec::is_chunk_per_sample).
class StoredArray {
 public:
  virtual ~StoredArray() = default;

  virtual const ArraySpec& spec() const = 0;
  virtual std::int64_t samples() const = 0;

  /// The file that holds chunk `chunk`, and the array's name where the path does not tell it.
  virtual std::filesystem::path place_of(std::int64_t chunk) const = 0;

  /// The stored bytes of chunk `chunk`, read into `bytes`. @throws Error{input|io} where they cannot be found.
  virtual void read_chunk(std::int64_t chunk, std::vector<std::byte>& bytes) const = 0;

  /// Fills `values` from what read_chunk gave. `decoder` belongs to the calling thread. @throws Error{input} when a
  /// checksum or length is wrong.
  virtual void decode_chunk(std::span<const std::byte> bytes, std::span<std::byte> values,
                            ChunkDecoder& decoder) const = 0;

  /// Reads and decodes sample `index` into `values` (spec().sample_bytes() long) of an array with a chunk a sample.
  /// `decoder` and `scratch` belong to the calling thread. @throws Error naming file, array and index.
  void read_sample(std::int64_t index, std::span<std::byte> values, ChunkDecoder& decoder,
                   std::vector<std::byte>& scratch) const;

  /// The two halves of read_sample, for stored bytes that are kept in between; errors name the same.
  void read_stored(std::int64_t index, std::vector<std::byte>& bytes) const;
  void decode_sample(std::int64_t index, std::span<const std::byte> bytes, std::span<std::byte> values,
                     ChunkDecoder& decoder) const;

  /// Decodes all samples of shard `shard` of an array with a chunk a shard: kShardSamples rows, those past the end 0.
  std::vector<std::byte> read_shard_rows(std::int64_t shard) const;

  /// "mydata/train.zarr/data_10m/c/0/0/0/0, sample 17": where chunk `chunk` lies, for errors.
  std::string describe_chunk(std::int64_t chunk) const;
};

/// All samples of a small array with a chunk a shard (classes, patch_id): samples × sample_bytes.
std::vector<std::byte> read_all_rows(const StoredArray& array);

/// Whether open_stored_array looks at what a Zarr array says of itself, or another process has done so.
enum class LayoutCheck { here, elsewhere };

/// Opens an array of `samples` samples of split `split` in the first of the dataset's formats.
/// @throws Error{input} where it is not laid out as `spec` says.
std::unique_ptr<StoredArray> open_stored_array(const std::filesystem::path& dataset, const std::string& split,
                                               const DatasetFormats& formats, const ArraySpec& spec,
                                               std::int64_t samples, LayoutCheck check = LayoutCheck::here);

}  // namespace eoshard::ingest
