// Names of projections.
#pragma once

#include <string>

namespace eoshard::ingest {

/// EPSG number of a projection as BigEarthNet v1's JSON files give it: WKT, or anything else that GDAL understands.
/// @throws Error{input} when it has none.
int epsg_of_projection(const std::string& projection);

}  // namespace eoshard::ingest
