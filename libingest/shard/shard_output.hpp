// What takes the encoded chunks of one shard of a split: an interface with a body for each format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "libingest/shard/zarr_array.hpp"

namespace eoshard::ingest {

class ShardWriter;

class ShardOutput {
 public:
  virtual ~ShardOutput() = default;

  /// Appends the next chunk of the array at place `array` in the list that the output was made with.
  virtual void append(std::size_t array, std::span<const std::byte> chunk) = 0;

  /// Finishes and names what was written. Destroyed without it, an output leaves nothing.
  virtual void close() = 0;
};

/// Zarr: a shard file in each array's folder.
class ZarrShardOutput : public ShardOutput {
 public:
  ZarrShardOutput(const std::filesystem::path& split_folder, const std::vector<ArraySpec>& arrays, std::int64_t shard);
  ~ZarrShardOutput() override;

  void append(std::size_t array, std::span<const std::byte> chunk) override;
  void close() override;

 private:
  std::vector<std::unique_ptr<ShardWriter>> writers_;  // one an array
};

}  // namespace eoshard::ingest
