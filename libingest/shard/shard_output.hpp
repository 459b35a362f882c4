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

  /// Takes the file at `draft`, which holds the whole shard of an array, in place of its chunks. Whether that was
  /// possible: else they are to be appended.
  virtual bool adopt(std::size_t /*array*/, const std::filesystem::path& /*draft*/) { return false; }

  /// Finishes and names what was written. Destroyed without it, an output leaves nothing.
  virtual void close() = 0;
};

/// Zarr: a shard file in each array's folder.
class ZarrShardOutput : public ShardOutput {
 public:
  ZarrShardOutput(const std::filesystem::path& split_folder, const std::vector<ArraySpec>& arrays, std::int64_t shard);
  ~ZarrShardOutput() override;

  void append(std::size_t array, std::span<const std::byte> chunk) override;
  bool adopt(std::size_t array, const std::filesystem::path& draft) override;
  void close() override;

 private:
  std::filesystem::path split_folder_;
  std::vector<ArraySpec> arrays_;
  std::int64_t shard_;
  std::vector<std::unique_ptr<ShardWriter>> writers_;  // one an array; none of those without a chunk
};

}  // namespace eoshard::ingest
