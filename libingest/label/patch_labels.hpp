// From the land-cover code of every pixel to the labels of patches.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "libingest/core/nomenclature.hpp"
#include "libingest/core/types.hpp"

namespace eoshard::ingest {

inline constexpr int kLabelPatchPx = kPatchSizeM / kFinestResolutionM;  ///< side of a patch on the labels' 10 m grid

struct PatchLabels {
  std::uint64_t classes = 0;  ///< bit c: class c is present
  int labelled_pixels = 0;    ///< of 14,400 at 10 m, those with any land-cover code
};

/// How codes become classes.
struct ClassRule {
  Nomenclature nomenclature;
  double min_class_percent = 0;  ///< share of a patch from which a class counts; 0: any pixel
};

/// One row of a granule's patches.
struct LabelRow {
  std::vector<PatchLabels> patches;      ///< one a column
  bool is_covered = false;               ///< the source says something of the row
  std::vector<std::uint8_t> grid_codes;  ///< (120, width) 1 … 44, 0 unlabelled; empty when the source knows no pixels
};

/// Labels of the patches in a block of 120 lines. `grid_codes` is C order, `width` pixels a line.
LabelRow label_block(std::vector<std::uint8_t> grid_codes, int width, bool is_covered, const ClassRule& rule);

/// What a label map holds for a grid code: the three-digit code, 999 for 0 (unlabelled), as in BigEarthNet v2's
/// reference maps.
std::uint16_t label_map_value(std::uint8_t grid_code);

}  // namespace eoshard::ingest
