// All samples of a packed dataset in their order: by key within each split, whatever part they lie in.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "libingest/core/file.hpp"
#include "libingest/pipeline/exact_moments.hpp"
#include "libingest/pipeline/sample_part.hpp"
#include "libingest/pipeline/shard_assembly.hpp"

namespace eoshard::ingest {

/// Knows where each sample lies (about a hundred bytes of memory a sample), and reads chunks when asked.
class PackedSamples : public SampleSequence {
 public:
  /// Reads the indices of parts. `arrays` image arrays and `classes` class columns are stored.
  /// @throws Error{io} for a damaged part, Error{input} for a key that is there twice.
  PackedSamples(std::vector<std::filesystem::path> parts, std::size_t arrays, std::size_t classes);

  std::int64_t samples(std::size_t split) const override { return static_cast<std::int64_t>(splits_[split].size()); }
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
    std::uint32_t key_bytes;
    std::uint32_t part;
    std::uint64_t classes;
    std::uint64_t places;  // number of its first place among places_: its chunks, then its row
  };

  void add_part(std::uint32_t part);
  void sort();
  std::string_view key_of(const Sample& sample) const;
  const FileDescriptor& open_part(std::uint32_t part);

  std::vector<std::filesystem::path> parts_;
  std::size_t arrays_;
  std::size_t classes_;
  std::string keys_;
  std::vector<BytePlace> places_;
  std::array<std::vector<Sample>, kSplitNames.size()> splits_;
  std::array<std::vector<ExactMoments>, kSplitNames.size()> moments_;
  std::vector<LeftOutSample> left_out_;
  std::vector<FileDescriptor> files_;  // by part; invalid: not open
  std::size_t open_files_ = 0;
  std::vector<std::byte> chunk_;
};

}  // namespace eoshard::ingest
