#include "libingest/gdal/geographic.hpp"

#include <fmt/format.h>
#include <ogr_spatialref.h>

#include "libingest/gdal/gdal_errors.hpp"

namespace eoshard::ingest {

struct GeographicTransform::State {
  int epsg;
  std::unique_ptr<OGRCoordinateTransformation> transformation;
};

GeographicTransform::GeographicTransform(int epsg) : state_(std::make_unique<State>()) {
  initialise_gdal();
  const GdalErrors errors;
  OGRSpatialReference projected, geographic;
  check_gdal(projected.importFromEPSG(epsg) == OGRERR_NONE, fmt::format("EPSG:{}", epsg), errors);
  check_gdal(geographic.importFromEPSG(4326) == OGRERR_NONE, "EPSG:4326", errors);
  projected.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  geographic.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  state_->epsg = epsg;
  state_->transformation.reset(OGRCreateCoordinateTransformation(&projected, &geographic));
  check_gdal(state_->transformation != nullptr, fmt::format("EPSG:{} to longitude and latitude", epsg), errors);
}

GeographicTransform::~GeographicTransform() = default;
GeographicTransform::GeographicTransform(GeographicTransform&&) noexcept = default;

std::pair<double, double> GeographicTransform::operator()(double x, double y) const {
  const GdalErrors errors;
  const bool is_inside = state_->transformation->Transform(1, &x, &y) != FALSE;
  check_gdal(is_inside, fmt::format("{}, {} of EPSG:{} to longitude and latitude", x, y, state_->epsg), errors);
  return {x, y};
}

}  // namespace eoshard::ingest
