// Measures on the products themselves what decoding, cutting, upsampling, compressing and writing cost a core.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "libingest/assign/decoding_cost.hpp"
#include "libingest/pipeline/product_scan.hpp"
#include "libingest/resample/upsample.hpp"
#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {

struct CalibrationSettings {
  int products = 8;  ///< at most, spread evenly over those given
  int tiles = 48;    ///< of each code-block size
  double seconds =
      2;  ///< of decoding for each code-block size, for which more tiles are taken, as far as there are any
  UpsampleMethod upsample = UpsampleMethod::nearest;  ///< of upsampled arrays, where there are any
  std::filesystem::path scratch;                      ///< a folder for what is written to time it
};

/// Decodes sampled tiles that hold a candidate on all of this rank's threads at once, as a run would, makes
/// patches of them into the chunks of the arrays, and fits rates to the CPU time of the threads.
/// @throws Error{input} when a tile cannot be decoded.
WorkRates calibrate_rates(std::span<const ProductScan> scans, const std::vector<ImageArray>& arrays,
                          const CalibrationSettings& settings);

}  // namespace eoshard::ingest
