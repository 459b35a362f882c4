#include "libingest/label/raster_labeler.hpp"

#include <fmt/format.h>
#include <gdal_alg.h>
#include <gdal_priv.h>
#include <ogr_spatialref.h>

#include <algorithm>
#include <limits>

#include "libingest/core/error.hpp"
#include "libingest/core/unique_handle.hpp"
#include "libingest/core/vector_clones.hpp"
#include "libingest/gdal/gdal_errors.hpp"
#include "libingest/gdal/raster_dataset.hpp"

namespace eoshard::ingest {
namespace {

constexpr double kMaxErrorPx = 0.125;
constexpr int kOutside = std::numeric_limits<int>::min();
constexpr std::int16_t kUnknown = -1;

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
  int first_column = 0, last_column = -1;
  int first_row = 0, last_row = -1;

  void clear_bounds() {
    first_column = first_row = std::numeric_limits<int>::max();
    last_column = last_row = -1;
  }
  bool is_empty() const { return last_column < 0; }
  int width() const { return last_column - first_column + 1; }
  int height() const { return last_row - first_row + 1; }
};

// Columns and rows from coordinates, kOutside where one of them lies outside `width` x `height`.
EOSHARD_VECTOR_CLONES void to_indices(const double* x, const double* y, const int* succeeded, std::size_t count,
                                      int width, int height, int* columns, int* rows) {
  for (std::size_t at = 0; at < count; ++at) {
    const bool is_inside = (succeeded[at] != 0) & (x[at] >= 0) & (x[at] < width) & (y[at] >= 0) & (y[at] < height);
    // A value beyond an int's range would be undefined to convert.
    columns[at] = is_inside ? static_cast<int>(is_inside ? x[at] : 0.0) : kOutside;
    rows[at] = is_inside ? static_cast<int>(is_inside ? y[at] : 0.0) : kOutside;
  }
}

EOSHARD_VECTOR_CLONES void widen_bounds(const int* indices, std::size_t count, int& first, int& last) {
  int least = first, greatest = last;
  for (std::size_t at = 0; at < count; ++at) {
    least = std::min(least, indices[at] == kOutside ? std::numeric_limits<int>::max() : indices[at]);
    greatest = std::max(greatest, indices[at]);
  }
  first = least;
  last = greatest;
}

class RasterLabeler final : public PatchLabeler {
 public:
  RasterLabeler(const LabelSettings& settings, const GranuleGeometry& geometry);
  LabelRow label_row(int patch_row) override;

 private:
  void map_line(int line, BlockMap& map, int row_in_block);
  const BlockMap& map_block(int patch_row);
  std::vector<std::int32_t> read_window(const BlockMap& map) const;
  std::vector<std::int16_t> window_codes(const BlockMap& map) const;
  [[noreturn]] void throw_unknown(const BlockMap& map, std::size_t at) const;
  std::vector<std::uint8_t> grid_codes(const BlockMap& map) const;

  LabelSettings settings_;
  GranuleGeometry geometry_;
  GDALDatasetUniquePtr raster_;
  UniqueHandle<void*, ExactTransformerTraits> exact_;
  UniqueHandle<void*, ApproximateTransformerTraits> approximate_;  // borrows `exact_`: declared after it, closed first
  BlockMap map_;                                                   // of the row in work
  std::vector<double> x_, y_, z_;
  std::vector<int> succeeded_;
};

RasterLabeler::RasterLabeler(const LabelSettings& settings, const GranuleGeometry& geometry)
    : settings_(settings), geometry_(geometry) {
  const auto width = static_cast<std::size_t>(geometry.size_10m_px);
  for (auto* coordinates : {&x_, &y_, &z_}) coordinates->resize(width);
  succeeded_.resize(width);
  map_.columns.resize(width * kLabelPatchPx);
  map_.rows.resize(width * kLabelPatchPx);
  raster_ = open_raster(settings.path, nullptr);
  if (raster_->GetRasterCount() != 1) {
    throw Error(ErrorKind::input, fmt::format("{} has {} bands; a land-cover raster has one band of codes",
                                              settings.path, raster_->GetRasterCount()));
  }
  if (raster_->GetSpatialRef() == nullptr) {
    throw Error(ErrorKind::input,
                fmt::format("{} has no projection; assign one (gdal_edit.py -a_srs EPSG:3035)", settings.path));
  }
  const GdalErrors errors;
  CPLStringList options;
  options.SetNameValue("DST_SRS", fmt::format("EPSG:{}", geometry.epsg).c_str());
  exact_ =
      decltype(exact_)(GDALCreateGenImgProjTransformer2(GDALDataset::ToHandle(raster_.get()), nullptr, options.List()));
  check_gdal(static_cast<bool>(exact_),
             fmt::format("no transformation from EPSG:{} to the projection of {}", geometry.epsg, settings.path),
             errors);
  approximate_ =
      decltype(approximate_)(GDALCreateApproxTransformer(GDALGenImgProjTransform, exact_.get(), kMaxErrorPx));
}

// Maps one full-width line of 10 m pixel centres. The approximation's error depends on the line's extent, so the line
// is always the granule's whole width.
void RasterLabeler::map_line(int line, BlockMap& map, int row_in_block) {
  const auto width = static_cast<std::size_t>(geometry_.size_10m_px);
  for (std::size_t column = 0; column < width; ++column) {
    x_[column] = geometry_.ulx_m + (static_cast<double>(column) + 0.5) * kFinestResolutionM;
    y_[column] = geometry_.uly_m - (line + 0.5) * kFinestResolutionM;
    z_[column] = 0;
  }
  constexpr int kDestinationToSource = TRUE;
  GDALApproxTransform(approximate_.get(), kDestinationToSource, geometry_.size_10m_px, x_.data(), y_.data(), z_.data(),
                      succeeded_.data());
  int* const columns = &map.columns[static_cast<std::size_t>(row_in_block) * width];
  int* const rows = &map.rows[static_cast<std::size_t>(row_in_block) * width];
  to_indices(x_.data(), y_.data(), succeeded_.data(), width, raster_->GetRasterXSize(), raster_->GetRasterYSize(),
             columns, rows);
  widen_bounds(columns, width, map.first_column, map.last_column);
  widen_bounds(rows, width, map.first_row, map.last_row);
}

const BlockMap& RasterLabeler::map_block(int patch_row) {
  map_.clear_bounds();
  const GdalErrors errors;  // points outside a projection's domain are expected, and reported as not succeeded
  for (int row = 0; row < kLabelPatchPx; ++row) map_line(patch_row * kLabelPatchPx + row, map_, row);
  return map_;
}

std::vector<std::int32_t> RasterLabeler::read_window(const BlockMap& map) const {
  std::vector<std::int32_t> window(static_cast<std::size_t>(map.width()) * static_cast<std::size_t>(map.height()));
  const GdalErrors errors;
  const CPLErr status =
      raster_->GetRasterBand(1)->RasterIO(GF_Read, map.first_column, map.first_row, map.width(), map.height(),
                                          window.data(), map.width(), map.height(), GDT_Int32, 0, 0, nullptr);
  check_gdal(status == CE_None, fmt::format("{} cannot be read", settings_.path), errors);
  return window;
}

// Grid codes of the raster's own pixels under the block; kUnknown where a value is none, nor the no-data value.
std::vector<std::int16_t> RasterLabeler::window_codes(const BlockMap& map) const {
  int has_no_data = FALSE;
  const double no_data = raster_->GetRasterBand(1)->GetNoDataValue(&has_no_data);
  std::vector<std::int16_t> codes;
  for (const std::int32_t value : read_window(map)) {
    const Cover cover = read_cover(value);
    const bool is_unknown = cover.kind == CoverKind::unknown && !(has_no_data && value == no_data);
    codes.push_back(is_unknown ? kUnknown : static_cast<std::int16_t>(cover.grid_code));
  }
  return codes;
}

// Grid code of every pixel of the block, 0 where unlabelled.
std::vector<std::uint8_t> RasterLabeler::grid_codes(const BlockMap& map) const {
  std::vector<std::uint8_t> codes(map.columns.size(), 0);
  if (map.is_empty()) return codes;
  const std::vector<std::int16_t> window = window_codes(map);
  const int width = map.width();
  for (std::size_t at = 0; at < codes.size(); ++at) {
    if (map.columns[at] == kOutside) continue;
    const int pixel = (map.rows[at] - map.first_row) * width + (map.columns[at] - map.first_column);
    const std::int16_t code = window[static_cast<std::size_t>(pixel)];
    if (code == kUnknown) throw_unknown(map, at);
    codes[at] = static_cast<std::uint8_t>(code);
  }
  return codes;
}

void RasterLabeler::throw_unknown(const BlockMap& map, std::size_t at) const {
  const std::vector<std::int32_t> window = read_window(map);
  const int pixel = (map.rows[at] - map.first_row) * map.width() + (map.columns[at] - map.first_column);
  throw Error(ErrorKind::input,
              fmt::format("{} holds {} at column {}, row {}: neither a CORINE grid code (1 to 44) nor a three-digit "
                          "code (111 to 523)",
                          settings_.path, window[static_cast<std::size_t>(pixel)], map.columns[at], map.rows[at]));
}

LabelRow RasterLabeler::label_row(int patch_row) {
  return with_context("labels", [&] {
    const BlockMap& map = map_block(patch_row);
    return label_block(grid_codes(map), geometry_.size_10m_px, !map.is_empty(), settings_.rule);
  });
}

}  // namespace

std::unique_ptr<PatchLabeler> make_raster_labeler(const LabelSettings& settings, const GranuleGeometry& geometry) {
  return with_context("labels", [&] { return std::make_unique<RasterLabeler>(settings, geometry); });
}

}  // namespace eoshard::ingest
