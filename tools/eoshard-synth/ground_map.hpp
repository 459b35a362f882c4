// The truth on the ground: a CORINE-like raster, 100 m cells in EPSG:3035, each with its region and class. The label
// raster is written from it and the products' pixels look it up, so both agree wherever a label is warped to.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/eoshard-synth/raster_grid.hpp"
#include "tools/eoshard-synth/region_layout.hpp"

namespace eoshard::synth {

inline constexpr int kLabelEpsg = 3035;
inline constexpr int kLabelCellM = 100;
inline constexpr std::uint8_t kNoClass = 255;

/// The rectangle on the ground that the products cover together: 10 m pixels, UTM.
using SceneGrid = RasterGrid;

struct GroundCell {
  std::uint8_t land = kNoClass;  ///< index into land_classes(), or kNoClass far from the scene
  Region region;
};

struct GroundMap {
  RasterGrid grid;                ///< EPSG:3035
  std::vector<GroundCell> cells;  ///< (rows, columns)

  /// The cell that holds a point of EPSG:3035. The scene and its margin are always covered.
  const GroundCell& cell_at(double x_m, double y_m) const {
    const auto column = static_cast<std::int64_t>((x_m - grid.ulx_m) / grid.pixel_m);
    const auto row = static_cast<std::int64_t>((grid.uly_m - y_m) / grid.pixel_m);
    return cells[static_cast<std::size_t>(row * grid.columns + column)];
  }
};

/// Lays the regions out on the scene and on a margin of two kilometres around it.
/// @throws Error{usage} when the scene lies outside the area of CORINE Land Cover.
GroundMap map_ground(const SceneGrid& scene, const RegionLayout& layout, int threads);

}  // namespace eoshard::synth
