#include "libingest/gdal/raster_dataset.hpp"

#include <fmt/format.h>

#include "libingest/gdal/gdal_errors.hpp"
#include "libingest/gdal/shared_inflation.hpp"

namespace eoshard::ingest {

GDALDatasetUniquePtr open_raster(const std::string& path, const char* driver) {
  initialise_gdal();
  const char* const drivers[] = {driver, nullptr};
  const char* const no_siblings[] = {nullptr};
  const bool is_limited = driver != nullptr;
  const std::string name = is_limited ? with_shared_inflation(path) : path;
  const GdalErrors errors;
  GDALDatasetUniquePtr dataset(
      GDALDataset::Open(name.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR,
                        is_limited ? drivers : nullptr, nullptr, is_limited ? no_siblings : nullptr));
  check_gdal(dataset != nullptr, fmt::format("{} cannot be opened as a raster", path), errors);
  return dataset;
}

}  // namespace eoshard::ingest
