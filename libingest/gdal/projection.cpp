#include "libingest/gdal/projection.hpp"

#include <fmt/format.h>
#include <ogr_spatialref.h>

#include <cstdlib>
#include <string_view>

#include "libingest/core/error.hpp"
#include "libingest/gdal/gdal_errors.hpp"

namespace eoshard::ingest {

int epsg_of_projection(const std::string& projection) {
  const GdalErrors errors;
  OGRSpatialReference reference;
  check_gdal(reference.SetFromUserInput(projection.c_str()) == OGRERR_NONE,
             fmt::format("'{}' is no projection", projection), errors);
  const char* const authority = reference.GetAuthorityName(nullptr);
  const char* const code = reference.GetAuthorityCode(nullptr);
  if (authority != nullptr && code != nullptr && std::string_view(authority) == "EPSG") return std::atoi(code);
  throw Error(ErrorKind::input, fmt::format("the projection '{}' has no EPSG number", reference.GetName()));
}

}  // namespace eoshard::ingest
