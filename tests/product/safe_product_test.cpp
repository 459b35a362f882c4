#include "libingest/product/safe_product.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/zip_folder.hpp"

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
constexpr const char* kDatatake =
    "<Datatake><SPACECRAFT_NAME>Sentinel-2C</SPACECRAFT_NAME><DATATAKE_SENSING_START>2020-06-12T10:26:01.024Z"
    "</DATATAKE_SENSING_START><SENSING_ORBIT_NUMBER>8</SENSING_ORBIT_NUMBER></Datatake>";
constexpr Era kMiddle = {"PRODUCT_URI", "IMAGE_FILE", "", ""};

std::vector<std::string> every_band() {
  std::vector<std::string> bands;
  for (const BandInfo& band : kBands) bands.emplace_back(band.name);
  return bands;
}

std::vector<Product> read(const fs::path& source) { return read_safe_product(source.string(), every_band()); }

std::string error_of(const fs::path& source, const std::vector<std::string>& bands = every_band()) {
  try {
    read_safe_product(source.string(), bands);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

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

  std::string error(const std::vector<std::string>& bands = every_band()) const { return error_of(folder_, bands); }

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
    const Product product = read(safe.folder()).at(0);
    EXPECT_EQ(product.name, kName);
    EXPECT_EQ(product.id_stem, "S2B_MSIL2A_20200612T102602_N0214_R108_T32UMV");
    EXPECT_EQ(product.processed, "20200612T153000");
    EXPECT_EQ(product.root, safe.folder());
    EXPECT_EQ(product.cloud_probability_file, "");
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
  const Product product = read(Safe(era).folder()).at(0);
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
  const Product product = read(safe.folder()).at(0);
  fs::remove(product.band_files.at("B03"));
  fs::remove(product.band_files.at("B12"));
  EXPECT_NE(safe.error().find("lacks B03 at 10 m, B12 at 20 m"), std::string::npos) << safe.error();
}

TEST(SafeProduct, OnlyWhatIsAskedForIsNeeded) {
  const Safe safe(kMiddle);
  fs::remove(read(safe.folder()).at(0).band_files.at("B03"));
  const auto products = read_safe_product(safe.folder().string(), {"B02", "B09", "SCL"});
  EXPECT_EQ(products.at(0).band_files.size(), 2u);
  EXPECT_NE(safe.error({"B03"}).find("lacks B03 at 10 m"), std::string::npos);
}

TEST(SafeProduct, ProbabilitiesAreFoundUnderBothNames) {
  Safe old(kOld);
  const std::string folder = fmt::format("GRANULE/{}/QI_DATA/", kGranule);
  old.write(folder + "L2A_T32UMV_20200612T102602_CLD_20m.jp2", "");
  old.write(folder + "L2A_T32UMV_20200612T102602_SNW_20m.jp2", "");
  EXPECT_TRUE(read(old.folder()).at(0).cloud_probability_file.ends_with("_CLD_20m.jp2"));
  EXPECT_TRUE(read(old.folder()).at(0).snow_probability_file.ends_with("_SNW_20m.jp2"));
  Safe young(kMiddle);
  for (const char* name : {"MSK_CLDPRB_60m.jp2", "MSK_CLDPRB_20m.jp2", "MSK_SNWPRB_20m.jp2"})
    young.write(folder + name, "");
  EXPECT_TRUE(read(young.folder()).at(0).cloud_probability_file.ends_with("/MSK_CLDPRB_20m.jp2"));
  EXPECT_TRUE(read(young.folder()).at(0).snow_probability_file.ends_with("/MSK_SNWPRB_20m.jp2"));
}

TEST(SafeProduct, TheListedOneOfTwoFilesIsRead) {
  const Safe safe(kMiddle);
  const std::string listed = read(safe.folder()).at(0).band_files.at("B02");
  fs::copy_file(listed, fs::path(listed).replace_filename("A_copy_B02_10m.jp2"));
  EXPECT_EQ(read(safe.folder()).at(0).band_files.at("B02"), listed);
}

TEST(SafeProduct, ANameOfAnotherFormIsReplacedByTheMetadata) {
  Safe safe(kMiddle);
  safe.replace_in_product_xml(std::string(kName) + ".SAFE", "../my product");
  EXPECT_NE(safe.error().find("SPACECRAFT_NAME"), std::string::npos) << safe.error();
  safe.replace_in_product_xml("<PROCESSING_BASELINE>", std::string(kDatatake) + "<PROCESSING_BASELINE>");
  const Product product = read(safe.folder()).at(0);
  EXPECT_EQ(product.name, "my_product");
  EXPECT_EQ(product.id_stem, "S2C_MSIL2A_20200612T102601_N0214_R008_T32UMV");
}

TEST(SafeProduct, AZipIsReadLikeItsFolder) {
  const Safe safe(kMiddle);
  const fs::path zip = safe.folder().parent_path() / "as downloaded.zip";
  zip_folder(safe.folder(), zip);
  const Product product = read(zip).at(0), unpacked = read(safe.folder()).at(0);
  EXPECT_EQ(product.path, zip);
  EXPECT_EQ(product.root, fmt::format("/vsizip/{{{}}}/{}.SAFE", zip.string(), kName));
  EXPECT_EQ(product.id_stem, unpacked.id_stem);
  EXPECT_EQ(product.geometry.ulx_m, unpacked.geometry.ulx_m);
  for (const auto& [band, file] : unpacked.band_files)
    EXPECT_EQ(product.band_files.at(band), product.root + file.substr(unpacked.root.size()));
}

TEST(SafeProduct, OtherZipsSayWhatTheyAre) {
  const Safe safe(kMiddle);
  const fs::path parent = safe.folder().parent_path();
  zip_folder(safe.folder() / "GRANULE", parent / "none.zip");
  EXPECT_NE(error_of(parent / "none.zip").find("holds no NAME.SAFE folder at its top (but GRANULE)"),
            std::string::npos);
  fs::copy(safe.folder(), parent / "Other.SAFE", fs::copy_options::recursive);
  zip_folder(safe.folder(), parent / "two.zip");
  zip_folder(parent / "Other.SAFE", parent / "two.zip");
  EXPECT_NE(error_of(parent / "two.zip").find("holds 2 products"), std::string::npos) << error_of(parent / "two.zip");
  zip_folder(safe.folder(), parent / "cut.zip");
  fs::resize_file(parent / "cut.zip", fs::file_size(parent / "cut.zip") / 2);
  EXPECT_NE(error_of(parent / "cut.zip").find("damaged or truncated"), std::string::npos);
  write_file(parent / "text.zip", "no zip", Durability::rename_only);
  EXPECT_NE(error_of(parent / "text.zip").find("no folder and no zip"), std::string::npos);
}

// A product as they were made before December 2016: every granule's files carry its name, and the metadata list names
// without folders.
class OldSafe {
 public:
  OldSafe()
      : folder_(temporary_.path() /
                "S2A_USER_PRD_MSIL2A_PDMC_20160722T010000_R065_V20160721T104025_20160721T104025.SAFE") {
    std::string granules;
    for (const char* tile : {"T32TQR", "T33TTM"}) granules += add_granule(tile);
    write("S2A_USER_MTD_SAFL2A_PDMC_20160722T010000_R065_V20160721T104025_20160721T104025.xml",
          fmt::format("<n1:Level-2A_User_Product xmlns:n1='x'><L2A_Product_Info>"
                      "<PRODUCT_START_TIME>2016-07-21T10:40:25.464Z</PRODUCT_START_TIME>"
                      "<PRODUCT_URI_2A>{}</PRODUCT_URI_2A><PROCESSING_BASELINE>02.04</PROCESSING_BASELINE>"
                      "<GENERATION_TIME>2016-07-22T01:00:00.000Z</GENERATION_TIME><Datatake>"
                      "<SPACECRAFT_NAME>Sentinel-2A</SPACECRAFT_NAME>"
                      "<DATATAKE_SENSING_START>2016-07-21T10:40:22.026Z</DATATAKE_SENSING_START>"
                      "<SENSING_ORBIT_NUMBER>65</SENSING_ORBIT_NUMBER></Datatake>{}</L2A_Product_Info>"
                      "<L2A_BOA_QUANTIFICATION_VALUE>10000</L2A_BOA_QUANTIFICATION_VALUE></n1:Level-2A_User_Product>",
                      folder_.filename().string(), granules));
  }

  const fs::path& folder() const { return folder_; }
  static std::string granule(const std::string& tile) {
    return "S2A_USER_MSI_L2A_TL_MTI__20160721T202530_A005642_" + tile + "_N02.04";
  }

 private:
  void write(const fs::path& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    write_file(folder_ / name, text, Durability::rename_only);
  }

  std::string add_granule(const std::string& tile) {
    const std::string folder = "GRANULE/" + granule(tile) + "/", stem = "_L2A_TL_MTI__20160721T202530_A005642_" + tile;
    std::string list = fmt::format("<Granules granuleIdentifier='{}'>", granule(tile));
    for (const BandInfo& band : kBands) {
      const std::string name = fmt::format("S2A_USER_MSI{}_{}_{}m", stem, band.name, band.resolution_m);
      write(fmt::format("{}IMG_DATA/R{}m/{}.jp2", folder, band.resolution_m, name), "");
      list += fmt::format("<IMAGE_ID_2A>{}</IMAGE_ID_2A>", name);
    }
    write(fmt::format("{}IMG_DATA/S2A_USER_SCL{}_20m.jp2", folder, stem), "");
    write(fmt::format("{}QI_DATA/S2A_USER_CLD{}_20m.jp2", folder, stem), "");
    write(fmt::format("{}S2A_USER_MTD{}.xml", folder, stem),
          fmt::format("<T><TILE_ID_2A>{}</TILE_ID_2A><HORIZONTAL_CS_CODE>EPSG:326{}</HORIZONTAL_CS_CODE>"
                      "<Size resolution='10'><NROWS>10980</NROWS><NCOLS>10980</NCOLS></Size>"
                      "<Geoposition resolution='10'><ULX>399960</ULX><ULY>5500020</ULY></Geoposition></T>",
                      granule(tile), tile.substr(1, 2)));
    return list + "</Granules>";
  }

  TemporaryFolder temporary_;
  fs::path folder_;
};

TEST(SafeProduct, AProductOfSeveralGranulesGivesOneEach) {
  const OldSafe safe;
  const auto products = read(safe.folder());
  ASSERT_EQ(products.size(), 2u);
  for (const Product& product : products) {
    EXPECT_EQ(product.name, safe.folder().stem().string());
    EXPECT_EQ(product.id_stem, "S2A_MSIL2A_20160721T104022_N0204_R065_" + product.mgrs_tile);
    EXPECT_EQ(product.processed, "20160722T010000");
    EXPECT_EQ(product.geometry.epsg, product.mgrs_tile == "T32TQR" ? 32632 : 32633);
    EXPECT_EQ(product.band_files.size(), 12u);
    for (const auto& [band, file] : product.band_files)
      EXPECT_NE(file.find(product.mgrs_tile + "_" + band), std::string::npos);
    EXPECT_NE(product.scl_file.find("_SCL_L2A_TL_"), std::string::npos);
    EXPECT_NE(product.cloud_probability_file.find("_CLD_L2A_TL_"), std::string::npos);
    EXPECT_EQ(product.snow_probability_file, "");
    EXPECT_EQ(product.metadata_files.size(), 2u);
  }
}

TEST(SafeProduct, AListedGranuleThatLacksIsAnError) {
  const OldSafe safe;
  fs::remove_all(safe.folder() / "GRANULE" / OldSafe::granule("T33TTM"));
  EXPECT_NE(error_of(safe.folder()).find("lacks its granule of tile T33TTM"), std::string::npos);
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
  EXPECT_NE(error_of(folder.path()).find("has no MTD_MSIL2A.xml"), std::string::npos);
  write_file(folder.path() / "MTD_MSIL1C.xml", "<a/>", Durability::rename_only);
  EXPECT_NE(error_of(folder.path()).find("Level-1C"), std::string::npos);
  fs::remove(folder.path() / "MTD_MSIL1C.xml");
  write_file(folder.path() / "B02.tif", "", Durability::rename_only);
  EXPECT_NE(error_of(folder.path()).find("folder of GeoTIFFs (B02.tif)"), std::string::npos);
  fs::create_directories(folder.path() / "S2A_X.SAFE");
  EXPECT_NE(error_of(folder.path()).find("holds products (S2A_X.SAFE) and is none"), std::string::npos);
  EXPECT_NE(error_of(folder.path() / "nothing").find("does not exist"), std::string::npos);
}

TEST(SafeProduct, NumbersOutOfRangeAreNoNumbers) {
  for (const char* value : {"nan", "inf", "0", "-1", "10000x"}) {
    Safe safe(kMiddle);
    safe.replace_in_product_xml(">10000<", fmt::format(">{}<", value));
    EXPECT_NE(safe.error().find("BOA_QUANTIFICATION_VALUE"), std::string::npos) << value;
  }
}

// Metadata of real products; the images are not beside them, so a reader that got all the XML right names all bands.
TEST(SafeProduct, RealMetadataAreUnderstood) {
  const char* shared = std::getenv("EOSHARD_SHARED");
  const fs::path folder = fs::path(shared != nullptr ? shared : "") / "data/safe-xml";
  if (!fs::exists(folder)) GTEST_SKIP() << "EOSHARD_SHARED has no data/safe-xml";
  for (const auto& product : fs::directory_iterator(folder)) {
    const std::string error = error_of(product.path());
    EXPECT_NE(error.find("lacks B01 at 60 m, B02 at 10 m"), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace eoshard::ingest
