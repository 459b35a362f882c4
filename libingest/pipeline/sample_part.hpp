// The unfinished half of a packed dataset, in parts: up to a shard's samples of one split each, in the order in which
// they came. A part holds a Zarr shard file an image array, and a tally: keys, classes, rows of samples.csv, sums, and
// the samples that were left out. Where the order of the samples was known before they were read, a part's shard files
// are drafts that the dataset adopts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libingest/pipeline/exact_moments.hpp"
#include "libingest/pipeline/sample_encoder.hpp"
#include "libingest/shard/shard_writer.hpp"

namespace eoshard::ingest {

/// Where bytes lie in a file.
struct BytePlace {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

struct PartSample {
  std::string key;
  std::uint64_t classes = 0;  ///< bit c: it carries class c
  BytePlace row;              ///< in the tally: its line of samples.csv behind split, index and key
};

/// A sample that is not in the dataset, and why: a row of rejected.csv.
struct LeftOutSample {
  std::string key;
  std::string reason;
  std::string detail;  ///< of damaged ones: what is wrong
};

/// What a tally says.
struct PartContents {
  int split = 0;  ///< index into kSplitNames
  std::vector<PartSample> samples;
  std::vector<LeftOutSample> left_out;
  std::vector<ExactMoments> moments;  ///< one a band of the statistics
};

/// The shard file of an image array that belongs to a tally.
std::filesystem::path part_array_file(const std::filesystem::path& tally, std::string_view array);

/// Nothing of a part counts before close() has named its tally.
class SamplePartWriter {
 public:
  SamplePartWriter(std::filesystem::path tally, const std::vector<PackedArray>& arrays, int split);

  std::size_t samples() const { return contents_.samples.size(); }
  std::size_t left_out() const { return contents_.left_out.size(); }

  /// Appends a sample; `row` is its line of samples.csv.
  void append(std::string key, std::uint64_t classes, std::string_view row, const EncodedSample& encoded);

  void leave_out(LeftOutSample sample) { contents_.left_out.push_back(std::move(sample)); }

  /// Writes the indices and names the files. Not forced to disk: chunks and indices carry checksums.
  void close();

 private:
  std::filesystem::path tally_;
  std::vector<std::unique_ptr<ShardWriter>> arrays_;
  std::vector<std::uint64_t> pixels_of_band_;
  PartContents contents_;
  std::string rows_;
};

/// Reads a tally. @throws Error{io} when it is damaged or cut.
PartContents read_sample_part(const std::filesystem::path& tally);

/// Whether every chunk of a part is as it was written. What was not forced to disk may be gone after a power cut.
bool is_part_whole(const std::filesystem::path& tally, const std::vector<PackedArray>& arrays);

}  // namespace eoshard::ingest
