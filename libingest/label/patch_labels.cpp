#include "libingest/label/patch_labels.hpp"

#include <array>

namespace eoshard::ingest {
namespace {

constexpr int kPatchPixels = kLabelPatchPx * kLabelPatchPx;

bool is_present(int pixels, double min_class_percent) {
  return pixels > 0 && 100.0 * pixels >= min_class_percent * kPatchPixels;
}

PatchLabels label_patch(std::span<const std::uint8_t> grid_codes, int width, int patch_column, const ClassRule& rule) {
  std::array<int, kGridCodes + 1> pixels_of_code{};
  for (int row = 0; row < kLabelPatchPx; ++row) {
    const std::size_t first = static_cast<std::size_t>(row) * static_cast<std::size_t>(width) +
                              static_cast<std::size_t>(patch_column) * kLabelPatchPx;
    for (const std::uint8_t code : grid_codes.subspan(first, kLabelPatchPx)) ++pixels_of_code[code];
  }
  PatchLabels labels{0, kPatchPixels - pixels_of_code[0]};
  std::vector<int> pixels_of_class(rule.nomenclature.classes.size(), 0);
  for (std::size_t code = 1; code <= kGridCodes; ++code) {
    const int index = rule.nomenclature.class_of_code[code];
    if (index >= 0) pixels_of_class[static_cast<std::size_t>(index)] += pixels_of_code[code];
  }
  for (std::size_t index = 0; index < pixels_of_class.size(); ++index) {
    if (is_present(pixels_of_class[index], rule.min_class_percent)) labels.classes |= std::uint64_t{1} << index;
  }
  return labels;
}

}  // namespace

LabelRow label_block(std::vector<std::uint8_t> grid_codes, int width, bool is_covered, const ClassRule& rule) {
  LabelRow row;
  for (int column = 0; column < width / kLabelPatchPx; ++column) {
    row.patches.push_back(label_patch(grid_codes, width, column, rule));
  }
  row.is_covered = is_covered;
  row.grid_codes = std::move(grid_codes);
  return row;
}

std::uint16_t label_map_value(std::uint8_t grid_code) {
  constexpr std::uint16_t kUnlabelled = 999;
  return grid_code == 0 ? kUnlabelled : static_cast<std::uint16_t>(kClcCodes[grid_code - 1u]);
}

}  // namespace eoshard::ingest
