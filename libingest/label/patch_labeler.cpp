#include "libingest/label/patch_labeler.hpp"

#include <cpl_string.h>
#include <fmt/format.h>
#include <gdal_priv.h>

#include <algorithm>
#include <filesystem>

#include "libingest/core/error.hpp"
#include "libingest/gdal/gdal_errors.hpp"
#include "libingest/label/raster_labeler.hpp"
#include "libingest/label/table_labeler.hpp"
#include "libingest/label/vector_labeler.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

// BigEarthNet v1's layout: a folder a patch, in each the patch's name with this ending.
bool holds_bigearthnet_patches(const fs::path& folder) {
  const fs::directory_iterator patches(folder);
  return std::any_of(begin(patches), end(patches), [](const fs::directory_entry& patch) {
    const fs::path name = patch.path().filename();
    return fs::exists(patch.path() / (name.string() + kBigEarthNetLabels));
  });
}

LabelKind detect_with_gdal(const std::string& path) {
  initialise_gdal();
  const GdalErrors errors;
  const GDALDatasetUniquePtr dataset(GDALDataset::Open(
      path.c_str(), GDAL_OF_RASTER | GDAL_OF_VECTOR | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR, nullptr));
  check_gdal(dataset != nullptr, fmt::format("{} cannot be opened as a raster, polygons or a table of labels", path),
             errors);
  return dataset->GetRasterCount() > 0 || dataset->GetLayerCount() == 0 ? LabelKind::raster : LabelKind::vector;
}

}  // namespace

LabelKind detect_label_kind(const std::string& path) {
  if (path == kNoLabels) return LabelKind::none;
  const std::string extension = fs::path(path).extension().string();
  if (EQUAL(extension.c_str(), ".csv")) return LabelKind::csv;
  if (EQUAL(extension.c_str(), ".parquet")) return LabelKind::parquet;
  if (fs::is_directory(path) && holds_bigearthnet_patches(path)) return LabelKind::bigearthnet;
  return detect_with_gdal(path);
}

std::unique_ptr<PatchLabeler> make_patch_labeler(const LabelSettings& settings, const GranuleGeometry& geometry,
                                                 const std::string& product_part) {
  if (settings.kind == LabelKind::raster) return make_raster_labeler(settings, geometry);
  if (settings.kind == LabelKind::vector) return make_vector_labeler(settings, geometry);
  if (settings.table) return make_table_labeler(settings, geometry, product_part);
  throw Error(ErrorKind::internal, "a labeler was asked for without a source");
}

void throw_not_covered(const LabelSettings& settings, const std::string& product_name) {
  const char* const advice = settings.table                       ? "name a table that knows its patches"
                             : settings.kind == LabelKind::vector ? "name polygons of its region"
                                                                  : "name a land-cover raster of its region";
  throw Error(ErrorKind::input, fmt::format("{} does not cover product {}; {}", settings.path, product_name, advice));
}

}  // namespace eoshard::ingest
