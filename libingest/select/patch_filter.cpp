#include "libingest/select/patch_filter.hpp"

#include <fmt/format.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

enum Scl : std::uint8_t {
  kNoData = 0,
  kSaturated = 1,
  kShadow = 3,
  kCloudMedium = 8,
  kCloudHigh = 9,
  kThinCirrus = 10,
  kSnow = 11,
};

// Adds one row of one patch.
void count_row(std::span<const std::uint8_t> pixels, SclCounts& counts) {
  for (const std::uint8_t value : pixels) {
    switch (value) {
      case kNoData: ++counts.no_data; break;
      case kSaturated: ++counts.saturated; break;
      case kShadow: ++counts.shadow; break;
      case kCloudMedium:
      case kCloudHigh:
      case kThinCirrus: ++counts.cloud; break;
      case kSnow: ++counts.snow; break;
      default:
        if (value > kSnow) {
          throw Error(ErrorKind::input, fmt::format("the scene classification holds {}; classes are 0 to 11", value));
        }
    }
  }
}

bool exceeds(int pixels, double max_percent) { return 100.0 * pixels > max_percent * kSclPixelsPerPatch; }

}  // namespace

std::vector<SclCounts> count_scl(std::span<const std::uint8_t> scl, int width, const PatchGrid& grid) {
  constexpr int kPatchPx = kPatchSizeM / kSclResolutionM;
  std::vector<SclCounts> counts(static_cast<std::size_t>(grid.count()));
  for (int y = 0; y < grid.rows * kPatchPx; ++y) {
    for (int column = 0; column < grid.columns; ++column) {
      const auto begin =
          static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(column * kPatchPx);
      count_row(scl.subspan(begin, kPatchPx), counts[static_cast<std::size_t>(grid.index_of({column, y / kPatchPx}))]);
    }
  }
  return counts;
}

std::optional<RejectReason> judge_patch(const SclCounts& scl, const std::optional<LabelEvidence>& labels,
                                        const FilterThresholds& thresholds) {
  const bool shadow_is_cloud = !thresholds.max_shadow_percent.has_value();
  const int cloud = scl.cloud + (shadow_is_cloud ? scl.shadow : 0);
  if (exceeds(scl.no_data, thresholds.max_nodata_percent)) return RejectReason::no_data;
  if (exceeds(cloud, thresholds.max_cloud_percent)) return RejectReason::cloud;
  if (!shadow_is_cloud && exceeds(scl.shadow, *thresholds.max_shadow_percent)) return RejectReason::shadow;
  if (exceeds(scl.snow, thresholds.max_snow_percent)) return RejectReason::snow;
  if (exceeds(scl.saturated, thresholds.max_saturated_percent)) return RejectReason::saturated;
  if (!labels) return std::nullopt;
  if (100.0 * labels->labelled_pixels <= thresholds.min_labelled_percent * kLabelPixelsPerPatch)
    return RejectReason::unlabelled;
  if (!labels->has_class) return RejectReason::no_label;
  return std::nullopt;
}

}  // namespace eoshard::ingest
