// Samples and labels of one split of a dataset, by index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libingest/shard/dataset_manifest.hpp"
#include "libingest/shard/stored_array.hpp"
#include "libtrain/data/class_mapping.hpp"
#include "libtrain/data/input_spec.hpp"
#include "libtrain/data/sample_cache.hpp"

namespace eoshard::train {

struct ReadRules {
  CacheMode cache = CacheMode::none;
  bool skip_damaged = false;  ///< read_whole() gives false for a damaged sample instead of its error
};

/// The stored labels of a split: a row of bytes a sample, one a class. @throws Error{input}
std::string read_stored_labels(const std::filesystem::path& dataset, const ingest::DatasetManifest& manifest,
                               const std::string& split);

/// What another rank has read of a split.
struct KnownSplit {
  std::string labels;                                                 ///< as read_stored_labels gives them
  ingest::LayoutCheck layout_check = ingest::LayoutCheck::elsewhere;  ///< by whom the arrays are looked at
};

/// Thread-safe; what a reading thread needs of its own is a SampleBuffer.
class SplitReader {
 public:
  /// A reading thread's decoders, and the last sample that it read.
  struct SampleBuffer {
    std::vector<std::span<const std::byte>> arrays;  ///< decoded, one for each of spec.arrays
    std::vector<std::vector<std::byte>> decoded;
    std::vector<ingest::ChunkDecoder> decoders;
    std::vector<std::byte> chunk;
  };

  /// Opens the arrays that `spec` names and reads all labels, unless they are known. With a mapping of classes, samples
  /// to which no class is left are left out. Samples that were read stay in memory as `rules.cache` says.
  /// @throws Error{input} when an array does not hold what dataset.json says.
  SplitReader(const std::filesystem::path& dataset, const ingest::DatasetManifest& manifest, const std::string& split,
              const InputSpec& spec, const ClassMapping& mapping = {}, const ReadRules& rules = {},
              const std::optional<KnownSplit>& known = {});

  const std::string& name() const { return split_; }
  std::int64_t samples() const { return static_cast<std::int64_t>(stored_.size()); }
  std::size_t classes() const { return classes_; }

  std::int64_t stored_samples() const { return stored_samples_; }  ///< with those that are left out
  /// Place of sample `index` in the stored arrays and in samples.csv.
  std::int64_t stored_index(std::int64_t index) const { return stored_[static_cast<std::size_t>(index)]; }

  /// Samples that carry each class.
  std::vector<std::uint64_t> count_classes() const;

  SampleBuffer make_buffer() const;

  /// Makes buffer.arrays the decoded sample `index`, until the buffer's next use. @throws Error naming the sample's
  /// index and patch id.
  void read(std::int64_t index, SampleBuffer& buffer) const;

  /// The same, but false for a damaged sample where damage is skipped: it is noted, and not read again. A file that is
  /// missing or cannot be read is no damage. @throws as read()
  bool read_whole(std::int64_t index, SampleBuffer& buffer) const;

  /// What read_whole() has found so far: sample index and error, in rising order.
  std::map<std::int64_t, std::string> damaged() const;

  /// Multi-hot labels of one sample, one byte a class.
  std::span<const std::uint8_t> labels(std::int64_t index) const;

  /// "train sample 17 (S2A_…_03_41)"; without the id where that cannot be read.
  std::string describe(std::int64_t sample) const;

 private:
  void keep_labels(std::span<const std::byte> stored, const ClassMapping& mapping);
  void decode(std::int64_t index, SampleBuffer& buffer) const;
  void decode_kept(std::int64_t index, SampleBuffer& buffer) const;

  std::filesystem::path dataset_;
  ingest::DatasetFormats formats_;
  std::string split_;
  std::int64_t stored_samples_;
  std::size_t classes_;
  std::vector<std::unique_ptr<ingest::StoredArray>> arrays_;
  std::vector<std::int64_t> stored_;  // (samples): each one's place in the arrays
  std::vector<std::byte> labels_;     // (samples, classes)
  ReadRules rules_;
  std::unique_ptr<SampleCache> cache_;  // none without a cache
  mutable std::mutex damage_mutex_;
  mutable std::map<std::int64_t, std::string> damaged_;
};

}  // namespace eoshard::train
