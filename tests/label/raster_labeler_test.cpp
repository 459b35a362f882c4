#include "libingest/label/raster_labeler.hpp"

#include <gdal_priv.h>
#include <gtest/gtest.h>
#include <ogr_spatialref.h>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/gdal/gdal_errors.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

// A raster in the granule's own zone, so that every label can be told by hand: 100 m pixels, upper left at (0, 0).
struct TestRaster {
  int columns, rows;
  std::vector<std::uint16_t> values;

  std::string write(const std::filesystem::path& path, int epsg, double ulx_m, double uly_m) const {
    initialise_gdal();
    OGRSpatialReference reference;
    reference.importFromEPSG(epsg);
    auto* driver = GetGDALDriverManager()->GetDriverByName("GTiff");
    GDALDatasetUniquePtr raster(driver->Create(path.c_str(), columns, rows, 1, GDT_UInt16, nullptr));
    double transform[6] = {ulx_m, 100, 0, uly_m, 0, -100};
    raster->SetGeoTransform(transform);
    if (epsg != 0) raster->SetSpatialRef(&reference);
    EXPECT_EQ(
        raster->GetRasterBand(1)->RasterIO(GF_Write, 0, 0, columns, rows, const_cast<std::uint16_t*>(values.data()),
                                           columns, rows, GDT_UInt16, 0, 0, nullptr),
        CE_None);
    return path.string();
  }
};

const GranuleGeometry kGranule{32632, 300000, 5500020, 360};  // 3 x 3 patches

TestRaster uniform(std::uint16_t value) { return {36, 36, std::vector<std::uint16_t>(36 * 36, value)}; }

LabelRow label_row(const std::string& path, int patch_row, double min_class_percent = 0) {
  LabelSettings settings;
  settings.kind = LabelKind::raster;
  settings.path = path;
  settings.rule = {make_nomenclature("corine-44"), min_class_percent};
  return make_raster_labeler(settings, kGranule)->label_row(patch_row);
}

TEST(RasterLabeler, CountsPixelsOfEachClass) {
  const TemporaryFolder folder;
  TestRaster raster = uniform(23);  // broad-leaved forest everywhere
  raster.values[0] = 41;            // one pixel of 100 m in patch (0, 0): 100 of 14,400 pixels
  for (std::size_t at = 12; at < 24; ++at) raster.values[at] = 48;  // unlabelled strip in patch (1, 0)
  const std::string path = raster.write(folder.path() / "clc.tif", 32632, 300000, 5500020);
  const auto row = label_row(path, 0);
  EXPECT_TRUE(row.is_covered);
  ASSERT_EQ(row.patches.size(), 3u);
  EXPECT_EQ(row.patches[0].classes, std::uint64_t{1} << 22 | std::uint64_t{1} << 40);
  EXPECT_EQ(row.patches[0].labelled_pixels, 14400);
  EXPECT_EQ(row.patches[1].labelled_pixels, 14400 - 12 * 100);
  const double exact_share = 100.0 * 100 / 14400;
  EXPECT_EQ(label_row(path, 0, exact_share + 0.01).patches[0].classes, std::uint64_t{1} << 22);
  EXPECT_EQ(label_row(path, 0, exact_share - 0.01).patches[0].classes, row.patches[0].classes);
}

TEST(RasterLabeler, ThreeDigitCodesMeanTheSameClasses) {
  const TemporaryFolder folder;
  const std::string grid = uniform(23).write(folder.path() / "grid.tif", 32632, 300000, 5500020);
  const std::string codes = uniform(311).write(folder.path() / "codes.tif", 32632, 300000, 5500020);
  EXPECT_EQ(label_row(grid, 1).patches[1].classes, label_row(codes, 1).patches[1].classes);
}

TEST(RasterLabeler, PartialCoverIsUnlabelledOutside) {
  const TemporaryFolder folder;
  const std::string path =
      uniform(23).write(folder.path() / "clc.tif", 32632, 301200, 5500020);  // one patch further east
  const auto row = label_row(path, 0);
  EXPECT_TRUE(row.is_covered);
  EXPECT_EQ(row.patches[0].labelled_pixels, 0);
  EXPECT_EQ(row.patches[1].labelled_pixels, 14400);
}

TEST(RasterLabeler, ElsewhereIsNotCovered) {
  const TemporaryFolder folder;
  const std::string path = uniform(23).write(folder.path() / "clc.tif", 32632, 500000, 5500020);
  EXPECT_FALSE(label_row(path, 0).is_covered);
}

TEST(RasterLabeler, AForeignValueIsNamed) {
  const TemporaryFolder folder;
  const std::string path = uniform(77).write(folder.path() / "clc.tif", 32632, 300000, 5500020);
  try {
    label_row(path, 0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("77"), std::string::npos) << error.what();
  }
}

TEST(RasterLabeler, ARasterWithoutProjectionIsRefused) {
  const TemporaryFolder folder;
  const std::string path = uniform(23).write(folder.path() / "clc.tif", 0, 300000, 5500020);
  EXPECT_THROW(label_row(path, 0), Error);
}

TEST(RasterLabeler, AProjectionInASideFileCounts) {
  const TemporaryFolder folder;
  const std::string path = uniform(23).write(folder.path() / "clc.tif", 0, 300000, 5500020);
  write_file(path + ".aux.xml", "<PAMDataset><SRS>EPSG:32632</SRS></PAMDataset>", Durability::rename_only);
  EXPECT_EQ(label_row(path, 0).patches[0].labelled_pixels, 14400);
}

}  // namespace
}  // namespace eoshard::ingest
