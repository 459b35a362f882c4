// Samples of an archive, read or dealt out, become parts: decoded, labelled and encoded on all of a rank's threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libingest/archive/archive_source.hpp"
#include "libingest/label/nomenclature.hpp"
#include "libingest/pipeline/packed_arrays.hpp"
#include "libingest/pipeline/sample_part.hpp"
#include "libingest/pipeline/sample_rulings.hpp"
#include "libingest/pipeline/stage_times.hpp"
#include "libingest/resample/upsample.hpp"

namespace eoshard::ingest {

/// A sample on its way: where it lies, or the bytes themselves, and what was ruled.
struct PackItem {
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

class SamplePacker {
 public:
  SamplePacker(const PackRules& rules, StageTimes& times);

  /// Packs what `next` gives, until it gives nothing, into a part at `path`; calls `on_sample` after each. `next` and
  /// `on_sample` are called by one thread at a time. @throws Error{input} naming a damaged sample, unless such are
  /// skipped.
  void pack_part(const std::filesystem::path& path, const std::function<std::optional<PackItem>()>& next,
                 const std::function<void()>& on_sample) const;

 private:
  const PackRules& rules_;
  StageTimes& times_;
  std::vector<std::uint64_t> pixels_of_band_;
};

}  // namespace eoshard::ingest
