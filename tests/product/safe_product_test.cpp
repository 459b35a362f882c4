#include "libingest/product/safe_product.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "S2B_MSIL2A_20200612T102602_N0214_R108_T32UMV_20200612T153000";
constexpr const char* kGranule = "L2A_T32UMV_A017075_20200612T102602";

// The spellings that changed between eras.
struct Era {
  const char* uri;
  const char* image;
  const char* prefix;
  const char* offsets;
};
constexpr Era kOld = {"PRODUCT_URI_2A", "IMAGE_FILE_2A", "L2A_", ""};
constexpr Era kMiddle = {"PRODUCT_URI", "IMAGE_FILE", "", ""};

// A product without pixels: image files are empty, since only their existence counts here.
class Safe {
 public:
  explicit Safe(const Era& era) : folder_(temporary_.path() / (std::string(kName) + ".SAFE")) {
    std::string images;
    for (const BandInfo& band : kBands) images += add_image(era, std::string(band.name), band.resolution_m);
    images += add_image(era, "SCL", 20);
    write("MTD_MSIL2A.xml",
          fmt::format("<n1:Product xmlns:n1='x'><A><{0}>{1}.SAFE</{0}><PRODUCT_START_TIME>2020-06-12T10:26:02.024Z"
                      "</PRODUCT_START_TIME><PROCESSING_BASELINE>02.14</PROCESSING_BASELINE>{2}</A><B>"
                      "<BOA_QUANTIFICATION_VALUE unit='none'>10000</BOA_QUANTIFICATION_VALUE>{3}</B></n1:Product>",
                      era.uri, kName, images, era.offsets));
    write(fmt::format("GRANULE/{}/MTD_TL.xml", kGranule),
          "<n1:Tile xmlns:n1='y'><TILE_ID>S2B_OPER_MSI_L2A_TL_2BPS_20200612T153000_A017075_T32UMV_N02.14</TILE_ID>"
          "<Tile_Geocoding><HORIZONTAL_CS_CODE>EPSG:32632</HORIZONTAL_CS_CODE>"
          "<Size resolution='10'><NROWS>10980</NROWS><NCOLS>10980</NCOLS></Size>"
          "<Size resolution='20'><NROWS>5490</NROWS><NCOLS>5490</NCOLS></Size>"
          "<Geoposition resolution='20'><ULX>1</ULX><ULY>2</ULY></Geoposition>"
          "<Geoposition resolution='10'><ULX>399960</ULX><ULY>5500020</ULY></Geoposition></Tile_Geocoding></n1:Tile>");
  }

  const fs::path& folder() const { return folder_; }

  void write(const fs::path& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    write_file(folder_ / name, text, Durability::rename_only);
  }

  void replace_in_product_xml(const std::string& from, const std::string& to) {
    std::string text = read_text_file(folder_ / "MTD_MSIL2A.xml");
    ASSERT_NE(text.find(from), std::string::npos);
    write("MTD_MSIL2A.xml", text.replace(text.find(from), from.size(), to));
  }

  std::string error() const {
    try {
      read_safe_product(folder_);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }

 private:
  std::string add_image(const Era& era, const std::string& layer, int resolution_m) {
    const std::string image = fmt::format("GRANULE/{}/IMG_DATA/R{}m/{}T32UMV_20200612T102602_{}_{}m", kGranule,
                                          resolution_m, era.prefix, layer, resolution_m);
    write(image + ".jp2", "");
    return fmt::format("<{0}>{1}</{0}>", era.image, image);
  }

  TemporaryFolder temporary_;
  fs::path folder_;
};

TEST(SafeProduct, BothSpellingsReadTheSame) {
  for (const Era& era : {kOld, kMiddle}) {
    const Safe safe(era);
    const Product product = read_safe_product(safe.folder());
    EXPECT_EQ(product.name, kName);
    EXPECT_EQ(product.mgrs_tile, "T32UMV");
    EXPECT_EQ(product.baseline, "02.14");
    EXPECT_EQ(product.acquired, "2020-06-12T10:26:02.024Z");
    EXPECT_EQ(product.quantification_value, 10000);
    EXPECT_EQ(product.geometry.epsg, 32632);
    EXPECT_EQ(product.geometry.ulx_m, 399960);
    EXPECT_EQ(product.geometry.uly_m, 5500020);
    EXPECT_EQ(product.geometry.size_px(60), 1830);
    EXPECT_TRUE(product.boa_add_offset.empty());
    ASSERT_EQ(product.band_files.size(), 12u);
    EXPECT_TRUE(product.band_files.at("B8A").ends_with("_B8A_20m.jp2"));
    EXPECT_TRUE(fs::exists(product.scl_file));
  }
}

TEST(SafeProduct, OffsetsGoByBandId) {
  std::string offsets;
  for (int id = 0; id <= 12; ++id)
    offsets += fmt::format("<BOA_ADD_OFFSET band_id='{}'>{}</BOA_ADD_OFFSET>", id, -1000 - id);
  const Era era = {"PRODUCT_URI", "IMAGE_FILE", "", offsets.c_str()};
  const Product product = read_safe_product(Safe(era).folder());
  EXPECT_EQ(product.boa_add_offset.at("B01"), -1000);
  EXPECT_EQ(product.boa_add_offset.at("B8A"), -1008);
  EXPECT_EQ(product.boa_add_offset.at("B11"), -1011);  // B10 is not in Level-2A
  EXPECT_EQ(product.boa_add_offset.at("B12"), -1012);
}

TEST(SafeProduct, OffsetsOfSomeBandsOnlyAreAnError) {
  const Era era = {"PRODUCT_URI", "IMAGE_FILE", "", "<BOA_ADD_OFFSET band_id='0'>-1000</BOA_ADD_OFFSET>"};
  EXPECT_NE(Safe(era).error().find("BOA_ADD_OFFSET"), std::string::npos);
}

TEST(SafeProduct, MissingBandsAreAllNamed) {
  const Safe safe(kMiddle);
  const Product product = read_safe_product(safe.folder());
  fs::remove(product.band_files.at("B03"));
  fs::remove(product.band_files.at("B12"));
  EXPECT_NE(safe.error().find("lacks B03 at 10 m, B12 at 20 m"), std::string::npos) << safe.error();
}

TEST(SafeProduct, ACutXmlIsNamed) {
  Safe safe(kMiddle);
  const std::string text = read_text_file(safe.folder() / "MTD_MSIL2A.xml");
  safe.write("MTD_MSIL2A.xml", text.substr(0, text.size() / 2));
  EXPECT_NE(safe.error().find("MTD_MSIL2A.xml is no well-formed XML"), std::string::npos) << safe.error();
}

TEST(SafeProduct, AMissingTagIsNamed) {
  Safe safe(kMiddle);
  safe.replace_in_product_xml("BOA_QUANTIFICATION_VALUE unit", "SOMETHING unit");
  safe.replace_in_product_xml("/BOA_QUANTIFICATION_VALUE", "/SOMETHING");
  EXPECT_NE(safe.error().find("BOA_QUANTIFICATION_VALUE"), std::string::npos) << safe.error();
}

TEST(SafeProduct, OtherFoldersSayWhatTheyAre) {
  const TemporaryFolder folder;
  const auto error_of = [](const fs::path& path) {
    try {
      read_safe_product(path);
      return std::string();
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_NE(error_of(folder.path()).find("has no MTD_MSIL2A.xml"), std::string::npos);
  write_file(folder.path() / "MTD_MSIL1C.xml", "<a/>", Durability::rename_only);
  EXPECT_NE(error_of(folder.path()).find("Level-1C"), std::string::npos);
  EXPECT_NE(error_of(folder.path() / "nothing").find("does not exist"), std::string::npos);
}

// Metadata of real products; the images are not beside them, so a reader that got all the XML right names all bands.
TEST(SafeProduct, RealMetadataAreUnderstood) {
  const char* shared = std::getenv("EOSHARD_SHARED");
  const fs::path folder = fs::path(shared != nullptr ? shared : "") / "data/safe-xml";
  if (!fs::exists(folder)) GTEST_SKIP() << "EOSHARD_SHARED has no data/safe-xml";
  for (const auto& product : fs::directory_iterator(folder)) {
    try {
      read_safe_product(product.path());
      FAIL();
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("lacks B01 at 60 m, B02 at 10 m"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace eoshard::ingest
