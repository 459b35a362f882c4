#include "tools/eoshard-synth/gdal_image.hpp"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <fmt/format.h>
#include <gdal_priv.h>

#include <string>
#include <vector>

#include "libingest/core/error.hpp"
#include "tools/eoshard-synth/land_class.hpp"

namespace eoshard::synth {
namespace {

using Path = std::filesystem::path;

void check_gdal(bool succeeded, std::string_view action, const Path& path) {
  if (succeeded) return;
  const std::string reason = CPLGetLastErrorMsg();
  throw Error(ErrorKind::io, fmt::format("{}: cannot {}: {}", path.string(), action,
                                         reason.empty() ? "GDAL gives no reason; is the disk full?" : reason));
}

GDALDriver& driver_named(const char* name) {
  GDALDriver* driver = GetGDALDriverManager()->GetDriverByName(name);
  if (driver == nullptr) throw Error(ErrorKind::io, fmt::format("GDAL was built without its {} driver", name));
  return *driver;
}

void georeference(GDALDataset& dataset, const RasterGrid& grid) {
  OGRSpatialReference system;
  system.importFromEPSG(grid.epsg);
  system.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  dataset.SetSpatialRef(&system);
  auto geotransform = grid.geotransform();
  dataset.SetGeoTransform(geotransform.data());
}

// A dataset that borrows `pixels`.
GDALDatasetUniquePtr wrap(const void* pixels, GDALDataType type, const RasterGrid& grid, const Path& path) {
  GDALDatasetUniquePtr dataset(driver_named("MEM").Create("", grid.columns, grid.rows, 0, type, nullptr));
  check_gdal(dataset != nullptr, "hold the image in memory", path);
  char address[64] = {};
  address[CPLPrintPointer(address, const_cast<void*>(pixels), sizeof address - 1)] = 0;
  CPLStringList options;
  options.SetNameValue("DATAPOINTER", address);
  check_gdal(dataset->AddBand(type, options.List()) == CE_None, "hold the image in memory", path);
  return dataset;
}

struct Tiling {
  int tile_px, code_block_px, precinct_px;
};

// Read off a product of processing baseline 05.11.
Tiling real_tiling(double pixel_m) {
  if (pixel_m < 20) return {1024, 64, 256};
  return pixel_m < 60 ? Tiling{640, 8, 128} : Tiling{192, 4, 64};
}

// A quarter of those tiles, so that patches cross tile borders in small products too; precinct 0 = none.
Tiling small_tiling(double pixel_m) { return {real_tiling(pixel_m).tile_px / 4, pixel_m < 60 ? 64 : 32, 0}; }

CPLStringList jp2_settings(const RasterGrid& grid, int bits, Jp2Options options) {
  const Tiling tiling = options.is_full_granule ? real_tiling(grid.pixel_m) : small_tiling(grid.pixel_m);
  CPLStringList settings;
  const auto set = [&](const char* name, const auto& value) {
    settings.SetNameValue(name, fmt::format("{}", value).c_str());
  };
  set("REVERSIBLE", "YES");
  set("QUALITY", 100);
  set("BLOCKXSIZE", tiling.tile_px);
  set("BLOCKYSIZE", tiling.tile_px);
  set("CODEBLOCK_WIDTH", tiling.code_block_px);
  set("CODEBLOCK_HEIGHT", tiling.code_block_px);
  set("RESOLUTIONS", 5);
  set("PROGRESSION", "LRCP");
  set("NBITS", bits);
  if (tiling.precinct_px > 0) {
    const std::string precinct = fmt::format("{{{0},{0}}}", tiling.precinct_px);
    set("PRECINCTS", fmt::format("{0},{0},{0},{0},{0}", precinct));
  }
  if (!options.is_georeferenced) {
    set("GMLJP2", "NO");
    set("GeoJP2", "NO");
  }
  return settings;
}

void save_jp2(const Path& path, GDALDataset& image, const RasterGrid& grid, int bits, Jp2Options options) {
  if (options.is_georeferenced) georeference(image, grid);
  CPLStringList settings = jp2_settings(grid, bits, options);
  GDALDriver& driver = driver_named("JP2OpenJPEG");
  CPLErrorReset();
  GDALDatasetUniquePtr copy(driver.CreateCopy(path.c_str(), &image, TRUE, settings.List(), nullptr, nullptr));
  check_gdal(copy != nullptr && CPLGetLastErrorType() < CE_Failure, "write JPEG 2000", path);
}

template <class Code>
void save_label_raster(const Path& path, const RasterGrid& grid, std::vector<Code> codes, GDALDataType type,
                       int nodata) {
  CPLStringList settings;
  settings.SetNameValue("COMPRESS", "LZW");
  settings.SetNameValue("TILED", "YES");
  CPLErrorReset();
  GDALDatasetUniquePtr dataset(
      driver_named("GTiff").Create(path.c_str(), grid.columns, grid.rows, 1, type, settings.List()));
  check_gdal(dataset != nullptr, "create the GeoTIFF", path);
  georeference(*dataset, grid);
  GDALRasterBand& band = *dataset->GetRasterBand(1);
  band.SetNoDataValue(nodata);
  const CPLErr written = band.RasterIO(GF_Write, 0, 0, grid.columns, grid.rows, codes.data(), grid.columns, grid.rows,
                                       type, 0, 0, nullptr);
  dataset->FlushCache();
  check_gdal(written == CE_None && CPLGetLastErrorType() < CE_Failure, "write the GeoTIFF", path);
}

template <class Code, class CodeOf>
std::vector<Code> codes_of(const GroundMap& ground, Code nodata, const CodeOf& code_of) {
  std::vector<Code> codes;
  codes.reserve(ground.cells.size());
  for (const GroundCell& cell : ground.cells) {
    codes.push_back(cell.land == kNoClass ? nodata : code_of(land_classes()[cell.land]));
  }
  return codes;
}

}  // namespace

void prepare_gdal() {
  GDALAllRegister();
  CPLSetErrorHandler(CPLQuietErrorHandler);
  CPLSetConfigOption("GDAL_PAM_ENABLED", "NO");  // no .aux.xml beside the images
}

void write_jp2(const Path& path, std::span<const std::uint16_t> image, const RasterGrid& grid, Jp2Options options) {
  save_jp2(path, *wrap(image.data(), GDT_UInt16, grid, path), grid, 15, options);
}

void write_jp2(const Path& path, std::span<const std::uint8_t> image, const RasterGrid& grid, Jp2Options options) {
  save_jp2(path, *wrap(image.data(), GDT_Byte, grid, path), grid, 8, options);
}

void write_label_raster(const Path& path, const GroundMap& ground, LabelCodes codes) {
  if (codes == LabelCodes::grid) {
    constexpr std::uint8_t kNoData = 48;
    save_label_raster(path, ground.grid,
                      codes_of(ground, kNoData, [](const LandClass& land) { return land.grid_code; }), GDT_Byte,
                      kNoData);
  } else {
    constexpr std::uint16_t kNoData = 999;
    save_label_raster(path, ground.grid, codes_of(ground, kNoData, [](const LandClass& land) { return land.clc_code; }),
                      GDT_UInt16, kNoData);
  }
}

}  // namespace eoshard::synth
