// Positions of a raster's pixels in another coordinate system: exact at the nodes of a coarse lattice, bilinear between
// them. UTM and EPSG:3035 bend so slowly against each other that 600 m between nodes leave an error below a millimetre.
#pragma once

#include <vector>

#include "tools/eoshard-synth/raster_grid.hpp"

namespace eoshard::synth {

struct GroundPoint {
  double x_m = 0;
  double y_m = 0;
};

class GroundLattice {
 public:
  /// @throws Error{usage} when a node has no position in `target_epsg` or a code is unknown.
  GroundLattice(const RasterGrid& grid, int target_epsg);

  /// Position of a fractional pixel place (0.5, 0.5 is the centre of the first pixel), inside the raster.
  GroundPoint at(double column, double row) const;

 private:
  double step_px_;
  int stride_;
  std::vector<double> x_m_, y_m_;  // (node rows, node columns)
};

}  // namespace eoshard::synth
