#include "libingest/label/patch_labeler.hpp"

#include <fmt/format.h>
#include <gdal_alg.h>
#include <gdal_priv.h>
#include <ogr_spatialref.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "libingest/core/error.hpp"
#include "libingest/core/unique_handle.hpp"
#include "libingest/gdal/gdal_errors.hpp"
#include "libingest/gdal/raster_dataset.hpp"

namespace eoshard::ingest {
namespace {

constexpr int kPatchPx = kPatchSizeM / kFinestResolutionM;
constexpr int kPatchPixels = kPatchPx * kPatchPx;
constexpr double kMaxErrorPx = 0.125;
constexpr int kOutside = std::numeric_limits<int>::min();

struct ExactTransformerTraits {
  static void* invalid() noexcept { return nullptr; }
  static void close(void* transformer) noexcept { GDALDestroyGenImgProjTransformer(transformer); }
};
struct ApproximateTransformerTraits {
  static void* invalid() noexcept { return nullptr; }
  static void close(void* transformer) noexcept { GDALDestroyApproxTransformer(transformer); }
};

// Raster column and row under each pixel of a block of scan lines; kOutside where the raster has none.
struct BlockMap {
  std::vector<int> columns;
  std::vector<int> rows;
  int first_column = std::numeric_limits<int>::max(), last_column = -1;
  int first_row = std::numeric_limits<int>::max(), last_row = -1;

  bool is_empty() const { return last_column < 0; }
  int width() const { return last_column - first_column + 1; }
  int height() const { return last_row - first_row + 1; }
};

int to_index(double coordinate, int size) {
  const double index = std::floor(coordinate);
  return index >= 0 && index < size ? static_cast<int>(index) : kOutside;
}

bool is_present(int pixels, double min_class_percent) {
  return pixels > 0 && 100.0 * pixels >= min_class_percent * kPatchPixels;
}

}  // namespace

struct PatchLabeler::State {
  LabelSettings settings;
  GranuleGeometry geometry;
  int patch_columns = 0;
  GDALDatasetUniquePtr raster;
  UniqueHandle<void*, ExactTransformerTraits> exact;
  UniqueHandle<void*, ApproximateTransformerTraits> approximate;  // borrows `exact`: declared after it, closed first
  std::vector<double> x, y, z;
  std::vector<int> succeeded;

  void open();
  void map_line(int line, BlockMap& map, int row_in_block);
  BlockMap map_block(int patch_row);
  std::vector<std::int32_t> read_window(const BlockMap& map) const;
  std::vector<std::uint8_t> grid_codes(const BlockMap& map) const;
  PatchLabels label_patch(const std::vector<std::uint8_t>& codes, int column) const;
};

void PatchLabeler::State::open() {
  raster = open_raster(settings.raster_path, nullptr);
  if (raster->GetRasterCount() != 1) {
    throw Error(ErrorKind::input, fmt::format("{} has {} bands; a land-cover raster has one band of codes",
                                              settings.raster_path, raster->GetRasterCount()));
  }
  if (raster->GetSpatialRef() == nullptr) {
    throw Error(ErrorKind::input,
                fmt::format("{} has no projection; assign one (gdal_edit.py -a_srs EPSG:3035)", settings.raster_path));
  }
  const GdalErrors errors;
  CPLStringList options;
  options.SetNameValue("DST_SRS", fmt::format("EPSG:{}", geometry.epsg).c_str());
  exact =
      decltype(exact)(GDALCreateGenImgProjTransformer2(GDALDataset::ToHandle(raster.get()), nullptr, options.List()));
  check_gdal(static_cast<bool>(exact),
             fmt::format("no transformation from EPSG:{} to the projection of {}", geometry.epsg, settings.raster_path),
             errors);
  approximate = decltype(approximate)(GDALCreateApproxTransformer(GDALGenImgProjTransform, exact.get(), kMaxErrorPx));
}

// Maps one full-width line of 10 m pixel centres. The approximation's error depends on the line's extent, so the line
// is always the granule's whole width.
void PatchLabeler::State::map_line(int line, BlockMap& map, int row_in_block) {
  const auto width = static_cast<std::size_t>(geometry.size_10m_px);
  for (std::size_t column = 0; column < width; ++column) {
    x[column] = geometry.ulx_m + (static_cast<double>(column) + 0.5) * kFinestResolutionM;
    y[column] = geometry.uly_m - (line + 0.5) * kFinestResolutionM;
    z[column] = 0;
  }
  constexpr int kDestinationToSource = TRUE;
  GDALApproxTransform(approximate.get(), kDestinationToSource, geometry.size_10m_px, x.data(), y.data(), z.data(),
                      succeeded.data());
  for (std::size_t column = 0; column < width; ++column) {
    const int raster_column = succeeded[column] ? to_index(x[column], raster->GetRasterXSize()) : kOutside;
    const int raster_row = succeeded[column] ? to_index(y[column], raster->GetRasterYSize()) : kOutside;
    const bool is_inside = raster_column != kOutside && raster_row != kOutside;
    const std::size_t at = static_cast<std::size_t>(row_in_block) * width + column;
    map.columns[at] = is_inside ? raster_column : kOutside;
    map.rows[at] = raster_row;
    if (!is_inside) continue;
    map.first_column = std::min(map.first_column, raster_column);
    map.last_column = std::max(map.last_column, raster_column);
    map.first_row = std::min(map.first_row, raster_row);
    map.last_row = std::max(map.last_row, raster_row);
  }
}

BlockMap PatchLabeler::State::map_block(int patch_row) {
  BlockMap map;
  const std::size_t pixels = static_cast<std::size_t>(kPatchPx) * static_cast<std::size_t>(geometry.size_10m_px);
  map.columns.resize(pixels);
  map.rows.resize(pixels);
  const GdalErrors errors;  // points outside a projection's domain are expected, and reported as not succeeded
  for (int row = 0; row < kPatchPx; ++row) map_line(patch_row * kPatchPx + row, map, row);
  return map;
}

std::vector<std::int32_t> PatchLabeler::State::read_window(const BlockMap& map) const {
  std::vector<std::int32_t> window(static_cast<std::size_t>(map.width()) * static_cast<std::size_t>(map.height()));
  const GdalErrors errors;
  const CPLErr status =
      raster->GetRasterBand(1)->RasterIO(GF_Read, map.first_column, map.first_row, map.width(), map.height(),
                                         window.data(), map.width(), map.height(), GDT_Int32, 0, 0, nullptr);
  check_gdal(status == CE_None, fmt::format("{} cannot be read", settings.raster_path), errors);
  return window;
}

// Grid code of every pixel of the block, 0 where unlabelled.
std::vector<std::uint8_t> PatchLabeler::State::grid_codes(const BlockMap& map) const {
  std::vector<std::uint8_t> codes(map.columns.size(), 0);
  if (map.is_empty()) return codes;
  const std::vector<std::int32_t> window = read_window(map);
  int has_no_data = FALSE;
  const double no_data = raster->GetRasterBand(1)->GetNoDataValue(&has_no_data);
  for (std::size_t at = 0; at < codes.size(); ++at) {
    if (map.columns[at] == kOutside) continue;
    const auto row = static_cast<std::size_t>(map.rows[at] - map.first_row);
    const auto column = static_cast<std::size_t>(map.columns[at] - map.first_column);
    const std::int32_t value = window[row * static_cast<std::size_t>(map.width()) + column];
    const Cover cover = read_cover(value);
    if (cover.kind == CoverKind::unknown && !(has_no_data && value == no_data)) {
      throw Error(
          ErrorKind::input,
          fmt::format("{} holds {} at column {}, row {}: neither a CORINE grid code (1 to 44) nor a three-digit "
                      "code (111 to 523)",
                      settings.raster_path, value, map.columns[at], map.rows[at]));
    }
    codes[at] = static_cast<std::uint8_t>(cover.grid_code);
  }
  return codes;
}

PatchLabels PatchLabeler::State::label_patch(const std::vector<std::uint8_t>& codes, int column) const {
  std::array<int, kGridCodes + 1> pixels_of_code{};
  for (int row = 0; row < kPatchPx; ++row) {
    const auto begin = static_cast<std::size_t>(row) * static_cast<std::size_t>(geometry.size_10m_px) +
                       static_cast<std::size_t>(column * kPatchPx);
    for (std::size_t at = begin; at < begin + kPatchPx; ++at) ++pixels_of_code[codes[at]];
  }
  std::vector<int> pixels_of_class(settings.nomenclature.classes.size(), 0);
  for (std::size_t code = 1; code < pixels_of_code.size(); ++code) {
    const int class_index = settings.nomenclature.class_of_code[code];
    if (class_index >= 0) pixels_of_class[static_cast<std::size_t>(class_index)] += pixels_of_code[code];
  }
  PatchLabels labels;
  labels.labelled_pixels = kPatchPixels - pixels_of_code[0];
  for (std::size_t index = 0; index < pixels_of_class.size(); ++index) {
    if (is_present(pixels_of_class[index], settings.min_class_percent)) labels.classes |= std::uint64_t{1} << index;
  }
  return labels;
}

PatchLabeler::PatchLabeler(const LabelSettings& settings, const GranuleGeometry& geometry)
    : state_(std::make_unique<State>()) {
  state_->settings = settings;
  state_->geometry = geometry;
  state_->patch_columns = geometry.size_10m_px / kPatchPx;
  const auto width = static_cast<std::size_t>(geometry.size_10m_px);
  for (auto* coordinates : {&state_->x, &state_->y, &state_->z}) coordinates->resize(width);
  state_->succeeded.resize(width);
  with_context("labels", [&] { state_->open(); });
}

PatchLabeler::~PatchLabeler() = default;
PatchLabeler::PatchLabeler(PatchLabeler&&) noexcept = default;
PatchLabeler& PatchLabeler::operator=(PatchLabeler&&) noexcept = default;

PatchLabeler::Row PatchLabeler::label_row(int patch_row) {
  return with_context("labels", [&] {
    const BlockMap map = state_->map_block(patch_row);
    const std::vector<std::uint8_t> codes = state_->grid_codes(map);
    Row row{{}, !map.is_empty()};
    for (int column = 0; column < state_->patch_columns; ++column)
      row.patches.push_back(state_->label_patch(codes, column));
    return row;
  });
}

void throw_not_covered(const LabelSettings& settings, const std::string& product_name) {
  throw Error(ErrorKind::input, fmt::format("{} does not cover product {}; name a land-cover raster of its region",
                                            settings.raster_path, product_name));
}

}  // namespace eoshard::ingest
