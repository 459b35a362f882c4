// The dataset that products are appended to: what of it is needed again. Shards are whole, so the last, ragged one of
// each split is written anew with its old samples in front; tables and sums go on from the old ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libingest/pipeline/work_folder.hpp"
#include "libingest/shard/dataset_manifest.hpp"
#include "libingest/shard/part_file.hpp"

namespace eoshard::ingest {

/// Copies what an append needs of the dataset at `work.out()` into the work folder, before anything of it is replaced,
/// so that an interrupted append can go on whatever it has replaced. Does nothing when the copy is there already. On
/// one rank. @throws Error{input} when the dataset is damaged.
void save_base(const WorkFolder& work);

/// Whether the dataset at `work.out()` is no longer the one that save_base() copied: the append has been committed.
bool is_append_committed(const WorkFolder& work);

/// The copy. One thread a rank.
class BaseDataset {
 public:
  /// `manifest_text` is what read_base_manifest() gave on one rank.
  BaseDataset(const WorkFolder& work, const std::string& manifest_text);

  const DatasetManifest& manifest() const { return manifest_; }
  std::int64_t samples(std::size_t split) const;

  /// Index of the first sample of the shard that is written anew.
  std::int64_t first_of_tail(std::size_t split) const { return samples(split) / kShardSamples * kShardSamples; }

  /// The encoded chunk of sample `index` >= first_of_tail() of an image array.
  void read_chunk(std::size_t split, const std::string& array, std::int64_t index, std::vector<std::byte>& chunk);

  /// Decoded values of the samples from first_of_tail() on, of `classes` or `patch_id`.
  std::vector<std::byte> tail_rows(std::size_t split, const std::string& array) const;

  /// Calls `visit` with the ground square and the split of every old sample. @throws Error{io|input}
  void for_each_sample(const std::function<void(const GroundSquare& square, int split)>& visit) const;

  /// Lines of the old tables, without headers.
  std::string sample_rows(std::size_t split) const;
  std::string rejected_rows() const;

 private:
  WorkFolder work_;
  DatasetManifest manifest_;
  std::map<std::pair<std::size_t, std::string>, PartReader> parts_;  // by split and array
};

/// The old manifest's text. @throws Error{io}
std::string read_base_manifest(const WorkFolder& work);

}  // namespace eoshard::ingest
