// Pixels of single samples of a dataset, for those who look at some of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libingest/shard/dataset_manifest.hpp"
#include "libingest/shard/stored_array.hpp"

namespace eoshard::ingest {

/// Where a band lies.
struct BandPlace {
  std::size_t array = 0;  ///< in DatasetManifest::arrays
  std::size_t plane = 0;
};

/// The first array of reflectances that holds `band`.
std::optional<BandPlace> find_band(const DatasetManifest& manifest, const std::string& band);

/// Reads sample by sample with a few open files, however many shards there are.
class SampleImages {
 public:
  SampleImages(std::filesystem::path dataset, const DatasetManifest& manifest);

  /// All values of a sample of an image array, bands first, valid until the next call. @throws Error{io|input}
  const std::vector<std::uint16_t>& read(const std::string& split, std::int64_t index, std::size_t array);

 private:
  struct OpenArray {
    std::string split;
    std::int64_t shard = -1;
    std::unique_ptr<StoredArray> array;
  };
  const StoredArray& open_array(const std::string& split, std::int64_t index, std::size_t array);

  std::filesystem::path dataset_;
  const DatasetManifest& manifest_;
  std::vector<OpenArray> open_;  // by array; a reader keeps its shards open, so each serves one shard
  std::vector<std::byte> chunk_;
  std::vector<std::byte> bytes_;
  std::vector<std::uint16_t> values_;
};

}  // namespace eoshard::ingest
