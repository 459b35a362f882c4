// Step 3, a work unit at a time: bands of one product become the encoded patches of part files, one an array. Every
// JPEG 2000 tile that holds a candidate is decoded once, the others never.
#pragma once

#include <filesystem>
#include <functional>
#include <span>

#include "libingest/core/types.hpp"
#include "libingest/pipeline/product_scan.hpp"
#include "libingest/pipeline/stage_times.hpp"
#include "libingest/resample/upsample.hpp"
#include "libingest/shard/shard_writer.hpp"

namespace eoshard::ingest {

/// An array of the unit, and where its part goes.
struct ArrayPart {
  ImageArray array;
  std::filesystem::path path;
};

/// Where the patches of a unit go.
struct ExtractionPlace {
  std::span<const ArrayPart> parts;
  FirstSamples first_samples{};  ///< of the product, for drafts of shards
};

struct ExtractionSettings {
  UpsampleMethod upsample = UpsampleMethod::nearest;  ///< of arrays with ArrayRole::upsampled
  bool raw_dn = false;
  bool keep_zero_pixels = false;
};

ExtractionSettings extraction_settings(const IngestOptions& options);

/// What the patches of a row have become.
struct ExtractedRow {
  std::uint64_t bytes = 0;         ///< of their pixels in all arrays
  std::uint64_t zero_patches = 0;  ///< those with a pixel without data in the first array
};

/// Streams the bands of all parts through a window of tile rows (memory is bounded by a few of them, not by the
/// granule) and writes the candidates' patches. `on_row` hears of each row of patches that is done; what it throws ends
/// the work. The stages' seconds are added to `times`.
void extract_patches(const ProductScan& scan, const ExtractionPlace& place, const ExtractionSettings& settings,
                     StageTimes& times, const std::function<void(const ExtractedRow&)>& on_row);

/// Bytes of the pixels of one patch in all `parts`.
std::uint64_t bytes_per_patch(std::span<const ArrayPart> parts);

}  // namespace eoshard::ingest
