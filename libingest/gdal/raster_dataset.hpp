// An open raster, owned.
#pragma once

#include <gdal_priv.h>

#include <string>

namespace eoshard::ingest {

/// Opens `path` for reading; one handle a thread. `driver` limits the formats that are tried ("JP2OpenJPEG") and spares
/// the look for files beside the image; nullptr allows every format and its side files (.tfw, .aux.xml).
/// @throws Error{input} with GDAL's reason.
GDALDatasetUniquePtr open_raster(const std::string& path, const char* driver);

}  // namespace eoshard::ingest
