// Writes one HDF5 file of samples: a dataset for each array, keyed and chunked as the Zarr arrays are.
//
// A file that one process writes takes the encoded chunks of Zarr shards as they are and comes out the same byte for
// byte. A file that all ranks write takes values, which the library's filters compress; its chunks lie where the ranks'
// timing puts them, so two such files are equal in content only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "libingest/shard/dataset_manifest.hpp"
#include "libingest/shard/shard_output.hpp"

namespace eoshard {
class Communicator;
}

namespace eoshard::ingest {

struct Hdf5Attribute {
  std::string name;
  std::variant<std::int64_t, std::vector<std::string>> value;
};

struct Hdf5Array {
  ArraySpec spec;
  std::vector<Hdf5Attribute> attributes;
};

struct Hdf5Contents {
  std::vector<Hdf5Array> arrays;
  std::int64_t samples = 0;
  Hdf5Compression compression = Hdf5Compression::zstd;
};

/// The arrays of a dataset: its images, then `classes` (attribute `names`; left out when there are none) and
/// `patch_id`.
std::vector<Hdf5Array> hdf5_arrays(const std::vector<ImageArray>& images, const std::vector<std::string>& classes);

/// Nothing is visible under the file's name before close(); destroyed without it, the file is discarded.
class Hdf5Writer : public ShardOutput {
 public:
  /// A file of this process alone. Its folder must exist. @throws Error{io}
  Hdf5Writer(const std::filesystem::path& path, const Hdf5Contents& contents);

  /// A file that all ranks write. Collective.
  Hdf5Writer(const std::filesystem::path& path, const Hdf5Contents& contents, const Communicator& world);

  ~Hdf5Writer() override;
  Hdf5Writer(const Hdf5Writer&) = delete;
  Hdf5Writer& operator=(const Hdf5Writer&) = delete;

  /// Appends the next chunk of array `array`, as the Zarr shard holds it. For a file of this process alone.
  void append(std::size_t array, std::span<const std::byte> zarr_chunk) override;

  /// Writes samples [first, first + count) of array `array`; `values` holds them decoded. In a file of all ranks this
  /// is collective: each rank writes samples of its own, of whole chunks, or none (count 0).
  void write_samples(std::size_t array, std::int64_t first, std::int64_t count, std::span<const std::byte> values);

  /// Finishes and names the file. Collective in a file of all ranks. @throws Error{io}
  void close() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace eoshard::ingest
