#include "tools/eoshard-synth/ground_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "libingest/core/error.hpp"
#include "libingest/core/types.hpp"
#include "tools/eoshard-synth/ground_lattice.hpp"
#include "tools/eoshard-synth/parallel.hpp"

namespace eoshard::synth {
namespace {

constexpr double kMarginM = 2000;

// The extent of CORINE's 100 m rasters in EPSG:3035 (European reference grid).
constexpr double kWestM = 900000, kSouthM = 900000, kEastM = 7400000, kNorthM = 5500000;

RasterGrid widened(const SceneGrid& scene) {
  RasterGrid grid = scene;
  const int margin_px = static_cast<int>(kMarginM / scene.pixel_m);
  grid.ulx_m -= kMarginM;
  grid.uly_m += kMarginM;
  grid.columns += 2 * margin_px;
  grid.rows += 2 * margin_px;
  return grid;
}

struct Extent {
  double west = std::numeric_limits<double>::max(), south = west;
  double east = std::numeric_limits<double>::lowest(), north = east;

  void include(const GroundPoint& point) {
    west = std::min(west, point.x_m);
    east = std::max(east, point.x_m);
    south = std::min(south, point.y_m);
    north = std::max(north, point.y_m);
  }
};

// Its border is enough: a rectangle stays simply connected on the ground.
Extent extent_of(const RasterGrid& grid) {
  const GroundLattice lattice(grid, kLabelEpsg);
  constexpr int kSteps = 100;
  Extent extent;
  for (int step = 0; step <= kSteps; ++step) {
    const double column = 1.0 * grid.columns * step / kSteps, row = 1.0 * grid.rows * step / kSteps;
    for (const auto& [x, y] :
         {std::pair{column, 0.0}, {column, 1.0 * grid.rows}, {0.0, row}, {1.0 * grid.columns, row}}) {
      extent.include(lattice.at(x, y));
    }
  }
  return extent;
}

void require_corine(const Extent& extent) {
  if (extent.west >= kWestM && extent.east <= kEastM && extent.south >= kSouthM && extent.north <= kNorthM) return;
  throw Error(ErrorKind::usage,
              fmt::format("the scene (EPSG:3035 x {:.0f} to {:.0f}, y {:.0f} to {:.0f}) leaves the area of CORINE Land "
                          "Cover; choose --epsg and --origin in Europe, or fewer or smaller products",
                          extent.west, extent.east, extent.south, extent.north));
}

// Whole cells around the extent, with one more on each side.
RasterGrid label_grid(const Extent& extent) {
  RasterGrid grid{kLabelEpsg, 0, 0, kLabelCellM, 0, 0};
  const double west = std::floor(extent.west / kLabelCellM) - 1, north = std::ceil(extent.north / kLabelCellM) + 1;
  grid.columns = static_cast<int>(std::ceil(extent.east / kLabelCellM) + 1 - west);
  grid.rows = static_cast<int>(north - std::floor(extent.south / kLabelCellM) + 1);
  grid.ulx_m = west * kLabelCellM;
  grid.uly_m = north * kLabelCellM;
  return grid;
}

GroundCell cell_of(const GroundPoint& utm, const SceneGrid& scene, const RegionLayout& layout) {
  const double east_m = utm.x_m - scene.ulx_m, south_m = scene.uly_m - utm.y_m;
  const double width_m = scene.columns * scene.pixel_m, height_m = scene.rows * scene.pixel_m;
  const bool is_near =
      east_m > -kMarginM && south_m > -kMarginM && east_m < width_m + kMarginM && south_m < height_m + kMarginM;
  const Region region = layout.region_at(east_m / kPatchSizeM, south_m / kPatchSizeM);
  return {is_near ? static_cast<std::uint8_t>(layout.class_of(region)) : kNoClass, region};
}

}  // namespace

GroundMap map_ground(const SceneGrid& scene, const RegionLayout& layout, int threads) {
  const Extent extent = extent_of(widened(scene));
  require_corine(extent);
  GroundMap map{label_grid(extent), {}};
  map.cells.resize(static_cast<std::size_t>(map.grid.columns) * map.grid.rows);
  const GroundLattice lattice(map.grid, scene.epsg);
  parallel_for(threads, map.grid.rows, [&](int row) {
    for (int column = 0; column < map.grid.columns; ++column) {
      map.cells[static_cast<std::size_t>(row) * map.grid.columns + column] =
          cell_of(lattice.at(column + 0.5, row + 0.5), scene, layout);
    }
  });
  return map;
}

}  // namespace eoshard::synth
