// Which patches are kept, and why the others are not.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "libingest/core/types.hpp"
#include "libingest/select/patch_grid.hpp"

namespace eoshard::ingest {

/// In the order in which they are tried: the first that fits counts.
enum class RejectReason : std::uint8_t {
  no_data,
  cloud,
  shadow,
  snow,
  saturated,
  unlabelled,
  no_label,
  excluded,
  zero_pixels,
};

inline constexpr std::array<std::string_view, 9> kRejectReasonNames = {
    "no_data", "cloud", "shadow", "snow", "saturated", "unlabelled", "no_label", "excluded", "zero_pixels"};

inline std::string_view name_of(RejectReason reason) { return kRejectReasonNames[static_cast<std::size_t>(reason)]; }

/// Shares of a patch in per cent above which it is dropped.
struct FilterThresholds {
  double max_nodata_percent = 0;
  double max_cloud_percent = 10;  ///< cloud and, unless it has a limit of its own, shadow
  std::optional<double> max_shadow_percent;
  double max_snow_percent = 10;
  double max_saturated_percent = 100;
  double min_labelled_percent = 75;      ///< kept when more than this share carries a land-cover code
  std::optional<int> cloud_probability;  ///< per cent from which a pixel counts as cloud, whatever its class
  std::optional<int> snow_probability;   ///< the same of snow
};

inline constexpr int kSclPixelsPerPatch = (kPatchSizeM / kSclResolutionM) * (kPatchSizeM / kSclResolutionM);  // 3,600
inline constexpr int kLabelPixelsPerPatch = (kPatchSizeM / kFinestResolutionM) * (kPatchSizeM / kFinestResolutionM);

/// Scene-classification pixels of one patch, of 3,600. Classes: ESA, Sentinel-2 Level-2A Algorithm Theoretical Basis
/// Document: 0 no data, 1 saturated, 3 cloud shadow, 8 and 9 cloud, 10 thin cirrus, 11 snow. With probabilities, see
/// there.
struct SclCounts {
  std::uint16_t no_data = 0;
  std::uint16_t saturated = 0;
  std::uint16_t shadow = 0;
  std::uint16_t cloud = 0;
  std::uint16_t snow = 0;
};

/// Counts per patch, row by row. `scl` is the granule's classification at 20 m, C order, `width` pixels a row.
/// @throws Error{input} for a class above 11.
std::vector<SclCounts> count_scl(std::span<const std::uint8_t> scl, int width, const PatchGrid& grid);

/// A granule's probability raster at 20 m, in per cent, C order; without pixels it says nothing.
struct ProbabilityRaster {
  std::span<const std::uint8_t> percent;
  int threshold = 0;  ///< from which a pixel counts
};

/// What the rasters at 20 m say of a granule.
struct SceneRasters {
  std::span<const std::uint8_t> scl;
  ProbabilityRaster cloud;
  ProbabilityRaster snow;
};

/// As `count_scl`; besides, a pixel of any class but 0 counts as cloud from its cloud probability's threshold on, and
/// then not as shadow, and as snow from its snow probability's.
std::vector<SclCounts> count_scene(const SceneRasters& scene, int width, const PatchGrid& grid);

/// @throws Error{input} unless all values inside the grid are at most 100.
void check_probabilities(std::span<const std::uint8_t> percent, int width, const PatchGrid& grid);

/// What the labels say of a patch.
struct LabelEvidence {
  int labelled_pixels = 0;  ///< of 14,400 at 10 m
  bool has_class = false;   ///< of the chosen nomenclature
};

/// The first reason that speaks against a patch before any band is decoded (all but zero_pixels). `labels` is empty
/// when the dataset is made without labels.
std::optional<RejectReason> judge_patch(const SclCounts& scl, const std::optional<LabelEvidence>& labels,
                                        const FilterThresholds& thresholds);

}  // namespace eoshard::ingest
