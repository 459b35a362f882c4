// The last step of every way to a dataset: encoded samples, in their order, become shards in each format.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "libingest/core/progress.hpp"
#include "libingest/mpi/communicator.hpp"
#include "libingest/mpi/supervision.hpp"
#include "libingest/shard/dataset_manifest.hpp"
#include "libingest/shard/hdf5_writer.hpp"
#include "libingest/shard/shard_output.hpp"

namespace eoshard::ingest {

/// The samples of a dataset in their order, as those who write shards ask for them.
class SampleSequence {
 public:
  using VisitChunk = std::function<void(std::span<const std::byte> chunk)>;

  virtual ~SampleSequence() = default;

  /// Whether several threads may visit samples at once.
  virtual bool allows_threads() const { return false; }

  virtual std::int64_t samples(std::size_t split) const = 0;

  /// The first samples that an earlier run has written: their whole shards stay as they are.
  virtual std::int64_t samples_before(std::size_t /*split*/) const { return 0; }

  /// A file that is the Zarr shard of these samples of image array number `array` already, if there is one.
  virtual std::optional<std::filesystem::path> draft_of(std::size_t /*split*/, std::size_t /*array*/,
                                                        std::int64_t /*first*/, std::int64_t /*count*/) {
    return {};
  }

  /// Visits the encoded chunks of samples [first, first + count) of image array number `array`, in order.
  virtual void visit_chunks(std::size_t split, std::size_t array, std::int64_t first, std::int64_t count,
                            const VisitChunk& visit) = 0;

  /// Decoded values of samples [first, first + count) of `classes` or `patch_id`, as `spec` lays them out.
  virtual std::vector<std::byte> row_values(std::size_t split, const ArraySpec& spec, std::int64_t first,
                                            std::int64_t count) = 0;
};

/// Where shards go, and what they hold.
struct ShardLayout {
  std::filesystem::path out;
  std::vector<ImageArray> arrays;
  std::vector<std::string> classes;
  DatasetFormats formats;
};

/// Writes the shards of a dataset, those of this rank. Single-file HDF5 is written by all ranks together.
class ShardAssembly {
 public:
  ShardAssembly(SampleSequence& samples, ShardLayout layout, const Communicator& world,
                const ProgressCallback& progress);

  /// Every (split, shard) that holds a new sample, in order; none where the only format has one file a split.
  std::vector<std::pair<std::size_t, std::int64_t>> shards() const;

  /// This rank's shards; counter 0 of `watch` counts them. Makes no MPI calls.
  void write_own_shards(Watch& watch);

  /// Files of the single layout, where that is asked for. Collective.
  void write_single_files();

  /// What stands beside the shards: folders and zarr.json of every split. On one rank.
  void write_metadata() const;

  /// Shows how many of all ranks' shards are done.
  void report(std::uint64_t done) const;

 private:
  bool is_single_file() const;
  bool has_shards() const;
  std::vector<std::pair<std::size_t, std::int64_t>> own_shards() const;
  std::int64_t samples_of_shard(std::size_t split, std::int64_t shard) const;
  std::filesystem::path zarr_folder(std::size_t split) const;
  void write_shard(std::size_t split, std::int64_t shard);
  std::optional<std::filesystem::path> draft_of(std::size_t split, std::size_t array, std::int64_t first,
                                                std::int64_t count);
  std::vector<std::unique_ptr<ShardOutput>> open_outputs(std::size_t split, std::int64_t shard) const;
  Hdf5Contents hdf5_contents(std::int64_t count) const;
  void visit_chunks(std::size_t split, std::size_t array, std::int64_t first, std::int64_t count,
                    const SampleSequence::VisitChunk& visit);
  std::vector<std::byte> sample_values(std::size_t split, std::size_t array, std::int64_t first, std::int64_t count);
  void write_split_metadata(std::size_t split) const;

  SampleSequence& samples_;
  ShardLayout layout_;
  std::vector<ArraySpec> specs_;  // the image arrays, classes unless there are none, patch_id
  const Communicator& world_;
  const ProgressCallback& progress_;
};

}  // namespace eoshard::ingest
