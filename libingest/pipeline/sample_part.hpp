// The unfinished half of a packed dataset: encoded samples in the order in which they came, with what is known of each.
// Written once, committed by rename, put in order by the assembly.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "libingest/core/file.hpp"
#include "libingest/core/types.hpp"
#include "libingest/pipeline/exact_moments.hpp"
#include "libingest/pipeline/sample_encoder.hpp"

namespace eoshard::ingest {

struct BytePlace {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

struct PartSample {
  std::string key;
  int split = 0;
  std::uint64_t classes = 0;      ///< bit c: class c is present
  BytePlace row;                  ///< of its line of samples.csv: the fields behind patch_id
  std::vector<BytePlace> chunks;  ///< one an array
};

/// A sample that did not get into the dataset.
struct LeftOutSample {
  std::string key;
  std::string reason;  ///< "no_label", "bad_member", ...
  std::string detail;  ///< of bad members: what is wrong
};

struct PartContents {
  std::vector<PartSample> samples;
  std::vector<LeftOutSample> left_out;
  std::array<std::vector<ExactMoments>, kSplitNames.size()> moments;  ///< by split: one a band of the statistics
};

class SamplePartWriter {
 public:
  SamplePartWriter(const std::filesystem::path& path, std::size_t statistics_bands);

  /// Appends a sample's chunks and its row; fills in the places. Each band has `pixels_of_band` pixels.
  void append(PartSample sample, std::string_view row, const EncodedSample& encoded,
              const std::vector<std::uint64_t>& pixels_of_band);
  void leave_out(LeftOutSample sample) { contents_.left_out.push_back(std::move(sample)); }

  /// Writes the index and names the file. Not forced to disk: chunks and index carry checksums.
  void close();

 private:
  BytePlace write(std::span<const std::byte> bytes);

  AtomicFile file_;
  PartContents contents_;
};

/// @throws Error{io} when the file is damaged or cut.
PartContents read_sample_part(const std::filesystem::path& path);

}  // namespace eoshard::ingest
