// Where a north-up raster lies on the ground.
#pragma once

#include <array>

namespace eoshard::synth {

struct RasterGrid {
  int epsg = 0;
  double ulx_m = 0;  ///< upper-left corner
  double uly_m = 0;
  double pixel_m = 10;
  int columns = 0;
  int rows = 0;

  /// GDAL's six coefficients.
  std::array<double, 6> geotransform() const { return {ulx_m, pixel_m, 0, uly_m, 0, -pixel_m}; }
};

}  // namespace eoshard::synth
