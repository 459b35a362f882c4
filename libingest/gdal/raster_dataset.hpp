// An open raster, owned.
#pragma once

#include <gdal_priv.h>

#include <string>

namespace eoshard::ingest {

/// Opens `path` for reading, one handle a thread. `driver` limits the formats tried ("JP2OpenJPEG"); nullptr allows
/// all.
/// @throws Error{input} with GDAL's reason.
GDALDatasetUniquePtr open_raster(const std::string& path, const char* driver);

}  // namespace eoshard::ingest
