#include "tools/eoshard-synth/region_layout.hpp"

#include <cmath>

#include "tools/eoshard-synth/value_noise.hpp"

namespace eoshard::synth {
namespace {

constexpr double kBorderSwing = 0.18;         // patches to either side of the middle
constexpr double kBorderKnotsPerPatch = 1.5;  // how fast a border winds
constexpr int kBlockRegions = 3;              // side of a block that may share a class
constexpr double kBlockShare = 0.6;           // of the regions take their block's class
constexpr double kIlluminationSwing = 0.3;

std::int16_t side_of(double position, const DrawKey& border, double along) {
  const double patch = std::floor(position);
  const auto line = static_cast<std::int64_t>(patch);
  const double middle = 0.5 + kBorderSwing * line_noise(border, line, along * kBorderKnotsPerPatch);
  return static_cast<std::int16_t>(line + (position - patch >= middle ? 1 : 0));
}

int floor_divide(int value, int divisor) { return value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor); }

}  // namespace

Region RegionLayout::region_at(double x_patches, double y_patches) const {
  return {side_of(x_patches, {seed_, Draw::column_border}, y_patches),
          side_of(y_patches, {seed_, Draw::row_border}, x_patches)};
}

int RegionLayout::class_of(Region region) const {
  if (draw_unit({seed_, Draw::layer}, region.column, region.row) < kBlockShare) {
    const int column = floor_divide(region.column, kBlockRegions), row = floor_divide(region.row, kBlockRegions);
    return pick_class(draw_unit({seed_, Draw::coarse_class}, column, row));
  }
  return pick_class(draw_unit({seed_, Draw::fine_class}, region.column, region.row));
}

double RegionLayout::illumination_of(Region region) const {
  return 1 + kIlluminationSwing * draw_signed({seed_, Draw::illumination}, region.column, region.row);
}

// The class at `share` of the summed weights.
int RegionLayout::pick_class(double share) const {
  double total = 0;
  for (const LandClass& land : classes_) total += land.weight;
  double rest = share * total;
  const int last = static_cast<int>(classes_.size()) - 1;
  for (int index = 0; index < last; ++index) {
    rest -= classes_[index].weight;
    if (rest < 0) return index;
  }
  return last;
}

}  // namespace eoshard::synth
