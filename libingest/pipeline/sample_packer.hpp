// Samples of an archive, read or dealt out, are decoded, labelled and encoded on all of a rank's threads.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libingest/archive/archive_source.hpp"
#include "libingest/core/nomenclature.hpp"
#include "libingest/pipeline/packed_arrays.hpp"
#include "libingest/pipeline/sample_part.hpp"
#include "libingest/pipeline/sample_rulings.hpp"
#include "libingest/pipeline/stage_times.hpp"
#include "libingest/resample/upsample.hpp"

namespace eoshard::ingest {

/// A sample on its way: where it lies, or the bytes themselves, and what was ruled.
struct PackItem {
  std::uint64_t number = 0;  ///< among all that are packed; of several damaged samples the first is named
  ArchiveEntry entry;
  SampleRuling ruling;
  RawSample raw;  ///< of a stream
};

/// Several items as a message; `parse_items` is its inverse.
std::string items_text(const std::vector<PackItem>& items);
std::vector<PackItem> parse_items(const std::string& text);

/// What all samples are packed by; the same on every rank.
struct PackRules {
  const Archive* archive = nullptr;
  ArchiveLayout layout;
  Nomenclature nomenclature;  ///< its classes are the layout's where the archive has its own
  std::vector<PackedArray> arrays;
  UpsampleMethod upsample = UpsampleMethod::nearest;
  bool skip_bad = false;
};

/// What became of a sample: it is encoded, left out, or damaged where such are not skipped.
struct PackedItem {
  std::uint64_t number = 0;
  int split = 0;
  std::string key;
  std::uint64_t classes = 0;  ///< bit c: it carries class c
  std::string row;            ///< of samples.csv, behind split, index and key
  EncodedSample encoded;
  std::optional<LeftOutSample> left_out;
  std::exception_ptr failure;
};

class SamplePacker {
 public:
  SamplePacker(const PackRules& rules, StageTimes& times) : rules_(rules), times_(times) {}

  const PackRules& rules() const { return rules_; }

  /// Packs what `next` gives, until it gives nothing, and hands it to `take` in the same order. Each of the two is
  /// called by one thread at a time.
  void pack(const std::function<std::optional<PackItem>()>& next, const std::function<void(PackedItem&)>& take) const;

 private:
  const PackRules& rules_;
  StageTimes& times_;
};

}  // namespace eoshard::ingest
