#include "libingest/archive/tiff_image.hpp"

#include <gdal_priv.h>
#include <gtest/gtest.h>
#include <ogr_spatialref.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "libingest/archive/plain_tiff.hpp"
#include "libingest/core/error.hpp"
#include "libingest/gdal/gdal_errors.hpp"

namespace eoshard::ingest {
namespace {

constexpr int kSide = 20;

std::vector<std::uint16_t> ramp() {
  std::vector<std::uint16_t> pixels(kSide * kSide);
  std::iota(pixels.begin(), pixels.end(), std::uint16_t{1000});
  return pixels;
}

// A GeoTIFF as GDAL writes it with some creation options.
std::string write_tiff(const std::vector<const char*>& options, GDALDataType type = GDT_UInt16, int bands = 1,
                       bool is_placed = true) {
  initialise_gdal();
  const char* const path = "/vsimem/image.tif";
  CPLStringList list;
  for (const char* option : options) list.AddString(option);
  {
    const GDALDatasetUniquePtr image(
        GetGDALDriverManager()->GetDriverByName("GTiff")->Create(path, kSide, kSide, bands, type, list.List()));
    if (is_placed) {
      double transform[] = {404400, 60, 0, 5342400, 0, -60};
      image->SetGeoTransform(transform);
      OGRSpatialReference utm;
      utm.importFromEPSG(32633);
      image->SetSpatialRef(&utm);
    }
    std::vector<std::uint16_t> pixels = ramp();
    for (int band = 1; band <= bands; ++band) {
      EXPECT_EQ(image->GetRasterBand(band)->RasterIO(GF_Write, 0, 0, kSide, kSide, pixels.data(), kSide, kSide,
                                                     GDT_UInt16, 0, 0),
                CE_None);
    }
  }
  vsi_l_offset bytes = 0;
  GByte* const data = VSIGetMemFileBuffer(path, &bytes, TRUE);
  const std::string text(reinterpret_cast<const char*>(data), bytes);
  VSIFree(data);
  return text;
}

std::vector<std::uint16_t> decode(const std::string& bytes) {
  std::vector<std::uint16_t> pixels(kSide * kSide);
  decode_tiff(bytes, "patch_B01.tif", kSide, pixels);
  return pixels;
}

std::string failure_of(const std::string& bytes) {
  try {
    decode(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Tiff, StripsAndTilesOfAnyCompressionAreDecoded) {
  EXPECT_EQ(decode(write_tiff({})), ramp());
  EXPECT_EQ(decode(write_tiff({"BLOCKYSIZE=7"})), ramp());
  EXPECT_EQ(decode(write_tiff({"COMPRESS=DEFLATE", "PREDICTOR=2"})), ramp());
  EXPECT_EQ(decode(write_tiff({"COMPRESS=LZW"})), ramp());
  EXPECT_EQ(decode(write_tiff({"TILED=YES", "BLOCKXSIZE=16", "BLOCKYSIZE=16"})), ramp());
  EXPECT_EQ(decode(write_tiff({"ENDIANNESS=BIG"})), ramp());
  EXPECT_EQ(decode(write_tiff({"BIGTIFF=YES"})), ramp());
}

TEST(PlainTiff, IsReadWithoutLibtiff) {
  std::vector<std::uint16_t> pixels(kSide * kSide);
  for (const char* rows : {"BLOCKYSIZE=20", "BLOCKYSIZE=7", "BLOCKYSIZE=1"}) {
    std::fill(pixels.begin(), pixels.end(), std::uint16_t{0});
    EXPECT_TRUE(read_plain_tiff(write_tiff({rows}), kSide, pixels)) << rows;
    EXPECT_EQ(pixels, ramp()) << rows;
  }
  EXPECT_FALSE(read_plain_tiff(write_tiff({"COMPRESS=DEFLATE"}), kSide, pixels));
  EXPECT_FALSE(read_plain_tiff(write_tiff({"TILED=YES", "BLOCKXSIZE=16", "BLOCKYSIZE=16"}), kSide, pixels));
  EXPECT_FALSE(read_plain_tiff(write_tiff({"ENDIANNESS=BIG"}), kSide, pixels));
  EXPECT_FALSE(read_plain_tiff(write_tiff({"BIGTIFF=YES"}), kSide, pixels));
  EXPECT_FALSE(read_plain_tiff(write_tiff({}, GDT_Int16), kSide, pixels));
  EXPECT_FALSE(read_plain_tiff(write_tiff({}, GDT_UInt16, 2), kSide, pixels));
  EXPECT_FALSE(read_plain_tiff(write_tiff({}), 2 * kSide, pixels));
}

TEST(PlainTiff, DamageIsLeftToLibtiff) {
  std::vector<std::uint16_t> pixels(kSide * kSide);
  const std::string whole = write_tiff({"BLOCKYSIZE=7"});
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    if (read_plain_tiff(whole.substr(0, bytes), kSide, pixels)) {
      EXPECT_EQ(pixels, ramp()) << bytes;
    }
  }
  for (std::size_t byte = 0; byte < std::min<std::size_t>(whole.size(), 600); ++byte) {
    std::string damaged = whole;  // must not read past the end, whatever offsets and counts say
    damaged[byte] = static_cast<char>(~damaged[byte]);
    read_plain_tiff(damaged, kSide, pixels);
  }
}

TEST(Tiff, OtherShapesAreRefusedByName) {
  EXPECT_NE(failure_of(write_tiff({}, GDT_Byte)).find("patch_B01.tif: the image is 20 x 20 pixels of 1 bands and 8"),
            std::string::npos);
  EXPECT_NE(failure_of(write_tiff({}, GDT_Int16)), "");
  EXPECT_NE(failure_of(write_tiff({}, GDT_UInt16, 2)).find("of 2 bands"), std::string::npos);
  std::vector<std::uint16_t> pixels(100);
  EXPECT_THROW(decode_tiff(write_tiff({}), "patch_B01.tif", 10, pixels), Error);
}

TEST(Tiff, EveryCutIsFound) {
  const std::string whole = write_tiff({"COMPRESS=DEFLATE"});
  for (std::size_t bytes = 0; bytes < whole.size(); bytes += 7) {
    EXPECT_NE(failure_of(whole.substr(0, bytes)), "") << bytes;
  }
  const std::string plain = write_tiff({});
  EXPECT_NE(failure_of(plain.substr(0, plain.size() - 100)), "");
  EXPECT_NE(failure_of("II*"), "");
  EXPECT_NE(failure_of("no image"), "");
}

TEST(Tiff, SaysWhereItLies) {
  const auto square = ground_square_of_tiff(write_tiff({}), "patch_B01.tif");
  ASSERT_TRUE(square);
  EXPECT_EQ(square->epsg, 32633);
  EXPECT_EQ(square->ulx_m, 404400);
  EXPECT_EQ(square->uly_m, 5342400);
  EXPECT_FALSE(ground_square_of_tiff(write_tiff({}, GDT_UInt16, 1, false), "patch_B01.tif"));
}

}  // namespace
}  // namespace eoshard::ingest
