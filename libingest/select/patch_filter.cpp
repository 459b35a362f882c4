#include "libingest/select/patch_filter.hpp"

#include <fmt/format.h>

#include <algorithm>

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

constexpr int kPatchPx = kPatchSizeM / kSclResolutionM;

bool is_cloud(std::uint8_t scl) { return scl == kCloudMedium || scl == kCloudHigh || scl == kThinCirrus; }

bool reaches(const ProbabilityRaster& raster, std::size_t pixel) {
  return !raster.percent.empty() && raster.percent[pixel] >= raster.threshold;
}

void count_pixel(const SceneRasters& scene, std::size_t pixel, SclCounts& counts) {
  const std::uint8_t scl = scene.scl[pixel];
  if (scl > kSnow) {
    throw Error(
        ErrorKind::input,
        fmt::format(
            "the scene classification holds {}; classes are 0 to 11: the file is damaged, download the product again",
            scl));
  }
  if (scl == kNoData) {
    ++counts.no_data;
    return;
  }
  if (scl == kSaturated) ++counts.saturated;
  if (is_cloud(scl) || reaches(scene.cloud, pixel)) {
    ++counts.cloud;
  } else if (scl == kShadow) {
    ++counts.shadow;
  }
  if (scl == kSnow || reaches(scene.snow, pixel)) ++counts.snow;
}

// Calls `visit(patch_index, first_pixel)` for each run of kPatchPx pixels that is a row of a patch.
template <class Visit>
void for_each_patch_row(int width, const PatchGrid& grid, const Visit& visit) {
  for (int y = 0; y < grid.rows * kPatchPx; ++y) {
    for (int column = 0; column < grid.columns; ++column) {
      visit(
          static_cast<std::size_t>(grid.index_of({column, y / kPatchPx})),
          static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(column * kPatchPx));
    }
  }
}

bool exceeds(int pixels, double max_percent) { return 100.0 * pixels > max_percent * kSclPixelsPerPatch; }

}  // namespace

std::vector<SclCounts> count_scl(std::span<const std::uint8_t> scl, int width, const PatchGrid& grid) {
  return count_scene({scl, {}, {}}, width, grid);
}

std::vector<SclCounts> count_scene(const SceneRasters& scene, int width, const PatchGrid& grid) {
  std::vector<SclCounts> counts(static_cast<std::size_t>(grid.count()));
  for_each_patch_row(width, grid, [&](std::size_t patch, std::size_t first) {
    for (std::size_t pixel = first; pixel < first + kPatchPx; ++pixel) count_pixel(scene, pixel, counts[patch]);
  });
  return counts;
}

void check_probabilities(std::span<const std::uint8_t> percent, int width, const PatchGrid& grid) {
  for_each_patch_row(width, grid, [&](std::size_t, std::size_t first) {
    const auto row = percent.subspan(first, kPatchPx);
    const auto highest = std::max_element(row.begin(), row.end());
    if (*highest <= 100) return;
    throw Error(
        ErrorKind::input,
        fmt::format("the raster holds {}; probabilities are 0 to 100: the file is damaged, download the product again",
                    *highest));
  });
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
