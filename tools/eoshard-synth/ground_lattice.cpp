#include "tools/eoshard-synth/ground_lattice.hpp"

#include <fmt/format.h>
#include <ogr_spatialref.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "libingest/core/error.hpp"

namespace eoshard::synth {
namespace {

constexpr double kStepM = 600;

struct DestroyTransformation {
  void operator()(OGRCoordinateTransformation* transformation) const {
    OCTDestroyCoordinateTransformation(transformation);
  }
};
using Transformation = std::unique_ptr<OGRCoordinateTransformation, DestroyTransformation>;

OGRSpatialReference reference_system(int epsg) {
  OGRSpatialReference system;
  if (system.importFromEPSG(epsg) != OGRERR_NONE) {
    throw Error(ErrorKind::usage, fmt::format("EPSG:{} is not a coordinate system that PROJ knows", epsg));
  }
  system.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  return system;
}

Transformation transformation_between(int source_epsg, int target_epsg) {
  const OGRSpatialReference source = reference_system(source_epsg), target = reference_system(target_epsg);
  Transformation transformation(OGRCreateCoordinateTransformation(&source, &target));
  if (!transformation) {
    throw Error(ErrorKind::usage, fmt::format("PROJ knows no way from EPSG:{} to EPSG:{}", source_epsg, target_epsg));
  }
  return transformation;
}

}  // namespace

GroundLattice::GroundLattice(const RasterGrid& grid, int target_epsg)
    : step_px_(kStepM / grid.pixel_m), stride_(static_cast<int>(std::ceil(grid.columns / step_px_)) + 1) {
  const int node_rows = static_cast<int>(std::ceil(grid.rows / step_px_)) + 1;
  for (int row = 0; row < node_rows; ++row) {
    for (int column = 0; column < stride_; ++column) {
      x_m_.push_back(grid.ulx_m + column * kStepM);
      y_m_.push_back(grid.uly_m - row * kStepM);
    }
  }
  const Transformation transformation = transformation_between(grid.epsg, target_epsg);
  if (!transformation->Transform(static_cast<int>(x_m_.size()), x_m_.data(), y_m_.data())) {
    throw Error(ErrorKind::usage,
                fmt::format("EPSG:{} near ({:.0f}, {:.0f}) has no position in EPSG:{}; is the origin right?", grid.epsg,
                            grid.ulx_m, grid.uly_m, target_epsg));
  }
}

GroundPoint GroundLattice::at(double column, double row) const {
  const double node_x = column / step_px_, node_y = row / step_px_;
  const int node_column = std::clamp(static_cast<int>(node_x), 0, stride_ - 2);
  const int node_row = std::clamp(static_cast<int>(node_y), 0, static_cast<int>(x_m_.size()) / stride_ - 2);
  const double across = node_x - node_column, down = node_y - node_row;
  const int first = node_row * stride_ + node_column;
  const auto blend = [&](const std::vector<double>& values) {
    const double upper = values[first] + (values[first + 1] - values[first]) * across;
    const double left = values[first + stride_], right = values[first + stride_ + 1];
    return upper + (left + (right - left) * across - upper) * down;
  };
  return {blend(x_m_), blend(y_m_)};
}

}  // namespace eoshard::synth
