// What one product contributes: its surviving patches a split, and why the others did not survive. Needs the product's
// scan and its committed parts.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "libingest/pipeline/exact_moments.hpp"
#include "libingest/pipeline/product_scan.hpp"
#include "libingest/pipeline/work_folder.hpp"
#include "libingest/shard/part_file.hpp"

namespace eoshard::ingest {

inline constexpr std::size_t kSplits = kSplitNames.size();

/// A patch that made it into the dataset: where it lies in the scan and in each part.
struct Survivor {
  int patch_index = 0;        ///< PatchGrid::index_of
  std::size_t candidate = 0;  ///< position in every part's entries
};

/// Which candidates survive, and where their values lie.
struct TallyRules {
  std::vector<ImageArray> arrays;  ///< stored_arrays()
  bool keep_zero_pixels = false;
};

struct ProductTally {
  ProductScan scan;                                      ///< zero_pixels filled in
  std::array<std::vector<Survivor>, kSplits> survivors;  ///< in row-major order
  std::vector<PartReader> parts;                         ///< one an array
};

/// @throws Error{io} when a file is damaged.
ProductTally tally_product(const std::string& product, const WorkFolder& work, const TallyRules& rules);

/// Moments of each band of kBands over the survivors of a split; none of bands that are not stored.
std::array<ExactMoments, kBands.size()> sum_moments(const ProductTally& tally, std::size_t split,
                                                    const std::vector<ImageArray>& arrays);

/// Rows of samples.csv for one split, beginning at `first_index`, and of rejected.csv; no header lines.
std::string sample_rows(const ProductTally& tally, std::size_t split, std::int64_t first_index,
                        const std::vector<std::string>& classes);
std::string rejected_rows(const ProductTally& tally);

/// The labels of one patch as the tables write them: "a;b".
std::string join_labels(std::uint64_t mask, const std::vector<std::string>& classes);

/// Their header lines.
std::string sample_header();
std::string rejected_header();

}  // namespace eoshard::ingest
