// All samples of a packed dataset in their order: by key within each split, whatever part they lie in.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libingest/core/file.hpp"
#include "libingest/pipeline/exact_moments.hpp"
#include "libingest/pipeline/sample_part.hpp"
#include "libingest/pipeline/shard_assembly.hpp"

namespace eoshard::ingest {

/// Knows where each sample lies (under a hundred bytes of memory a sample), and reads chunks when asked. Thread-safe.
class PackedSamples : public SampleSequence {
 public:
  /// Reads the tallies of parts. `arrays` and `classes` class columns are stored.
  /// @throws Error{io} for a damaged tally, Error{input} for a key that is there twice.
  PackedSamples(std::vector<std::filesystem::path> tallies, const std::vector<ImageArray>& arrays, std::size_t classes);

  bool allows_threads() const override { return true; }
  std::int64_t samples(std::size_t split) const override { return static_cast<std::int64_t>(splits_[split].size()); }

  /// Where the samples of a part are those of a shard, in its order.
  std::optional<std::filesystem::path> draft_of(std::size_t split, std::size_t array, std::int64_t first,
                                                std::int64_t count) override;

  void visit_chunks(std::size_t split, std::size_t array, std::int64_t first, std::int64_t count,
                    const VisitChunk& visit) override;
  std::vector<std::byte> row_values(std::size_t split, const ArraySpec& spec, std::int64_t first,
                                    std::int64_t count) override;

  /// Samples that carry each class.
  std::vector<std::uint64_t> class_counts(std::size_t split) const;

  /// By split: one a band of the statistics; empty when there is no part.
  const std::vector<ExactMoments>& moments(std::size_t split) const { return moments_[split]; }

  /// In the order of their keys.
  const std::vector<LeftOutSample>& left_out() const { return left_out_; }

  /// Calls `visit(index, key, row)` for the samples of a split in order; `row` is the rest of the line of samples.csv.
  void visit_rows(std::size_t split,
                  const std::function<void(std::int64_t, std::string_view, std::string_view)>& visit);

 private:
  struct Sample {
    std::uint64_t key_offset;
    std::uint64_t classes;
    std::uint32_t part;
    std::uint32_t row_offset;
    std::uint32_t row_bytes;
    std::uint16_t key_bytes;
    std::uint16_t position;  // in the part
  };
  using Index = std::vector<std::uint64_t>;  // of a shard file
  struct OpenFile {
    std::filesystem::path path;
    FileDescriptor file;
  };

  void add_part(std::uint32_t part);
  void sort();
  std::string_view key_of(const Sample& sample) const;
  std::filesystem::path file_of(std::uint32_t part, std::size_t array) const;
  std::shared_ptr<const OpenFile> open(std::uint32_t part, std::size_t array);
  std::shared_ptr<const Index> index_of(std::uint32_t part, std::size_t array, const OpenFile& open);

  std::vector<std::filesystem::path> tallies_;  // by part
  std::vector<std::string> arrays_;             // their names
  std::size_t classes_;
  std::string keys_;
  std::vector<std::uint32_t> samples_of_part_;
  std::array<std::vector<Sample>, kSplitNames.size()> splits_;
  std::array<std::vector<ExactMoments>, kSplitNames.size()> moments_;
  std::vector<LeftOutSample> left_out_;
  std::mutex mutex_;                                                                       // of what follows
  std::map<std::pair<std::uint32_t, std::size_t>, std::shared_ptr<const OpenFile>> open_;  // by part and array
  std::vector<std::shared_ptr<const Index>> indices_;                                      // likewise
};

}  // namespace eoshard::ingest
