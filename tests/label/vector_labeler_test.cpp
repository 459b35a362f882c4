#include "libingest/label/vector_labeler.hpp"

#include <gmock/gmock.h>
#include <ogr_spatialref.h>
#include <ogrsf_frmts.h>

#include <cmath>

#include "libingest/core/error.hpp"
#include "libingest/gdal/gdal_errors.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

using testing::HasSubstr;

const GranuleGeometry kGranule{32632, 300000, 5500020, 360};  // 3 x 3 patches

// A layer of polygons given as WKT, in a GeoPackage or Shapefile.
struct TestLayer {
  struct Polygon {
    std::string wkt;
    std::string code;
  };
  std::string attribute = "CODE_18";
  int epsg = 32632;
  std::vector<Polygon> polygons;
  OGRFieldType type = OFTString;
  std::string name = "clc";

  void add_to(GDALDataset& dataset) const {
    OGRSpatialReference reference;
    if (epsg != 0) reference.importFromEPSG(epsg);
    reference.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
    OGRLayer* layer = dataset.CreateLayer(name.c_str(), epsg == 0 ? nullptr : &reference, wkbUnknown);
    OGRFieldDefn field(attribute.c_str(), type);
    ASSERT_EQ(layer->CreateField(&field), OGRERR_NONE);
    for (const Polygon& polygon : polygons) {
      OGRFeature feature(layer->GetLayerDefn());
      if (!polygon.code.empty()) feature.SetField(0, polygon.code.c_str());
      OGRGeometry* geometry = nullptr;
      OGRGeometryFactory::createFromWkt(polygon.wkt.c_str(), nullptr, &geometry);
      feature.SetGeometryDirectly(geometry);
      ASSERT_EQ(layer->CreateFeature(&feature), OGRERR_NONE);
    }
  }
};

std::string write_layers(const std::filesystem::path& path, const char* driver, const std::vector<TestLayer>& layers) {
  initialise_gdal();
  const GDALDatasetUniquePtr dataset(
      GetGDALDriverManager()->GetDriverByName(driver)->Create(path.c_str(), 0, 0, 0, GDT_Unknown, nullptr));
  for (const TestLayer& layer : layers) layer.add_to(*dataset);
  return path.string();
}

// Metres from the granule's upper-left corner, y downwards.
std::string rectangle(double left, double top, double right, double bottom) {
  const double x0 = 300000 + left, x1 = 300000 + right, y0 = 5500020 - top, y1 = 5500020 - bottom;
  char text[400];
  std::snprintf(text, sizeof text, "((%f %f, %f %f, %f %f, %f %f, %f %f))", x0, y0, x1, y0, x1, y1, x0, y1, x0, y0);
  return text;
}

std::string polygon(double left, double top, double right, double bottom) {
  return "POLYGON " + rectangle(left, top, right, bottom);
}

LabelSettings settings_of(const std::string& path) {
  LabelSettings settings;
  settings.kind = LabelKind::vector;
  settings.path = path;
  settings.rule = {make_nomenclature("corine-44"), 0};
  return settings;
}

LabelRow label_row(const LabelSettings& settings, int patch_row) {
  return make_vector_labeler(settings, kGranule)->label_row(patch_row);
}

std::string error_of(const LabelSettings& settings) {
  try {
    label_row(settings, 0);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class VectorLabelerTest : public testing::Test {
 protected:
  std::string write(const TestLayer& layer) { return write_layers(folder_.path() / "clc.gpkg", "GPKG", {layer}); }
  TemporaryFolder folder_;
};

TEST_F(VectorLabelerTest, BurnsByPixelCentre) {
  TestLayer layer;
  // Ends at 15.1 m and 104.9 m: column 1's centre (15 m) is inside, column 10's (105 m) is not.
  layer.polygons = {{polygon(0, 0, 15.1, 104.9), "311"}};
  const LabelRow row = label_row(settings_of(write(layer)), 0);
  EXPECT_TRUE(row.is_covered);
  EXPECT_EQ(row.patches[0].labelled_pixels, 2 * 10);
  EXPECT_EQ(row.patches[0].classes, std::uint64_t{1} << 22);
  EXPECT_EQ(row.patches[1].labelled_pixels, 0);
  EXPECT_EQ(row.grid_codes[9 * 360 + 1], 23);
  EXPECT_EQ(row.grid_codes[9 * 360 + 2], 0);
  EXPECT_EQ(row.grid_codes[10 * 360 + 1], 0);
}

TEST_F(VectorLabelerTest, HolesPartsAndRowsArePlacedRight) {
  TestLayer layer;
  const std::string ring = rectangle(0, 0, 3600, 3600), hole = rectangle(1200, 1200, 2400, 2400);
  layer.polygons = {
      {"MULTIPOLYGON ((" + ring.substr(1, ring.size() - 2) + "," + hole.substr(1, hole.size() - 2) + "))", "112"},
      {polygon(1300, 1300, 1400, 1400), "512"}};
  const LabelSettings settings = settings_of(write(layer));
  EXPECT_EQ(label_row(settings, 0).patches[1].labelled_pixels, 14400);
  const LabelRow middle = label_row(settings, 1);
  EXPECT_EQ(middle.patches[1].labelled_pixels, 100);
  EXPECT_EQ(middle.patches[1].classes, std::uint64_t{1} << 40);
  EXPECT_EQ(middle.patches[2].classes, std::uint64_t{1} << 1);
}

TEST_F(VectorLabelerTest, TheHighestFeatureIdWinsAnOverlap) {
  TestLayer layer;
  layer.polygons = {{polygon(0, 0, 1200, 1200), "311"}, {polygon(0, 0, 600, 1200), "312"}};
  EXPECT_EQ(label_row(settings_of(write(layer)), 0).grid_codes[0], 24);
  std::swap(layer.polygons[0], layer.polygons[1]);
  const TemporaryFolder other;
  EXPECT_EQ(label_row(settings_of(write_layers(other.path() / "clc.gpkg", "GPKG", {layer})), 0).grid_codes[0], 23);
}

TEST_F(VectorLabelerTest, ShapefilesIntegersAndUnlabelledCodesAreRead) {
  TestLayer layer;
  layer.attribute = "clc_code";
  layer.type = OFTInteger;
  layer.polygons = {{polygon(0, 0, 1200, 1200), "311"}, {polygon(1200, 0, 2400, 1200), "999"}};
  const auto path = write_layers(folder_.path() / "clc.shp", "ESRI Shapefile", {layer});
  const LabelRow row = label_row(settings_of(path), 0);
  EXPECT_EQ(row.patches[0].labelled_pixels, 14400);
  EXPECT_EQ(row.patches[1].labelled_pixels, 0);
}

TEST_F(VectorLabelerTest, LongEdgesOfAnotherProjectionAreCurved) {
  // The north edge of a triangle in EPSG:3035 that spans a whole granule's width: its course in UTM, point by point.
  const GranuleGeometry granule{32632, 300000, 5500020, 10920};
  OGRSpatialReference utm, laea;
  initialise_gdal();
  utm.importFromEPSG(32632);
  laea.importFromEPSG(3035);
  for (auto* reference : {&utm, &laea}) reference->SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  const std::unique_ptr<OGRCoordinateTransformation> to_laea(OGRCreateCoordinateTransformation(&utm, &laea));
  const std::unique_ptr<OGRCoordinateTransformation> to_utm(OGRCreateCoordinateTransformation(&laea, &utm));
  double x[3] = {290000, 420000, 355000}, y[3] = {5499420, 5499420, 5400000};
  ASSERT_TRUE(to_laea->Transform(3, x, y));
  char wkt[300];
  std::snprintf(wkt, sizeof wkt, "POLYGON ((%f %f, %f %f, %f %f, %f %f))", x[0], y[0], x[1], y[1], x[2], y[2], x[0],
                y[0]);
  TestLayer layer;
  layer.epsg = 3035;
  layer.polygons = {{wkt, "311"}};
  const LabelRow row = make_vector_labeler(settings_of(write(layer)), granule)->label_row(0);
  double greatest_bend_m = 0;
  int checked = 0;
  for (double share = 0.1; share <= 0.9; share += 0.001) {
    double edge_x = x[0] + share * (x[1] - x[0]), edge_y = y[0] + share * (y[1] - y[0]);
    ASSERT_TRUE(to_utm->Transform(1, &edge_x, &edge_y));
    greatest_bend_m = std::max(greatest_bend_m, std::abs(edge_y - 5499420));
    const int column = static_cast<int>((edge_x - 300000) / 10);
    for (int line = 0; line < 120; ++line) {
      const double centre_y = 5500020 - (line + 0.5) * 10;
      if (column < 0 || column >= 10920 || std::abs(centre_y - edge_y) < 1.25) continue;
      EXPECT_EQ(row.grid_codes[static_cast<std::size_t>(line * 10920 + column)] != 0, centre_y < edge_y);
      ++checked;
    }
  }
  EXPECT_GT(greatest_bend_m, 5);  // else a single straight piece would pass as well
  EXPECT_GT(checked, 50'000);
}

TEST_F(VectorLabelerTest, TheLayerAndAttributeAreFoundOrNamed) {
  TestLayer coded, plain{.attribute = "area", .polygons = {}, .name = "outline"};
  coded.polygons = {{polygon(0, 0, 1200, 1200), "311"}};
  const auto path = write_layers(folder_.path() / "two.gpkg", "GPKG", {plain, coded});
  EXPECT_EQ(label_row(settings_of(path), 0).patches[0].labelled_pixels, 14400);
  LabelSettings settings = settings_of(path);
  settings.layer = "outline";
  EXPECT_THAT(error_of(settings),
              HasSubstr("no attribute looks like a land-cover code; name one with --label-attribute: area"));
  settings.layer = "absent";
  EXPECT_THAT(error_of(settings), HasSubstr("its layers are: "));
  settings.layer = "clc";
  settings.attribute = "absent";
  EXPECT_THAT(error_of(settings), HasSubstr("its attributes are: CODE_18"));
  TestLayer second = coded;
  second.name = "clc2012";
  EXPECT_THAT(error_of(settings_of(write_layers(folder_.path() / "both.gpkg", "GPKG", {coded, second}))),
              HasSubstr("several layers of polygons"));
}

TEST_F(VectorLabelerTest, NamesWhatIsNoLandCover) {
  TestLayer layer;
  layer.polygons = {{polygon(0, 0, 1200, 1200), "forest"}};
  EXPECT_THAT(error_of(settings_of(write(layer))), HasSubstr("feature 1 has the code 'forest'"));
  layer.polygons = {{"LINESTRING (300000 5500000, 301000 5499000)", "311"}};
  const TemporaryFolder lines;
  EXPECT_THAT(error_of(settings_of(write_layers(lines.path() / "l.gpkg", "GPKG", {layer}))), HasSubstr("LINESTRING"));
  layer.polygons = {{polygon(0, 0, 1200, 1200), "311"}};
  layer.epsg = 0;
  EXPECT_THAT(error_of(settings_of(write_layers(lines.path() / "n.shp", "ESRI Shapefile", {layer}))),
              HasSubstr("has no projection"));
}

TEST_F(VectorLabelerTest, ElsewhereIsNotCovered) {
  TestLayer layer;
  layer.polygons = {{polygon(90000, 0, 91200, 1200), "311"}};
  EXPECT_FALSE(label_row(settings_of(write(layer)), 0).is_covered);
}

}  // namespace
}  // namespace eoshard::ingest
