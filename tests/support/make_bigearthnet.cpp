// Makes a tree of synthetic patches laid out as BigEarthNet v1 or v2 is published, of any size.
//
// make_bigearthnet OUT --version 1|2 [--patches N] [--seed S]
//
// v1: OUT/BigEarthNet-v1.0/<patch>/<patch>_B01.tif ... and _labels_metadata.json.
// v2: OUT/BigEarthNet-S2/<product>/<patch>/..., OUT/Reference_Maps/<product>/<patch>/<patch>_reference_map.tif.
// Both: OUT/patches.csv, a row a patch with its id, labels (joined by ';') and split, which by turns is train, train,
// validation, test. Values are a patch's own level and noise above it; the same seed gives the same bytes.
#include <fmt/format.h>
#include <gdal_priv.h>
#include <ogr_spatialref.h>

#include <CLI/CLI.hpp>
#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

#include "libingest/core/types.hpp"

namespace {

namespace fs = std::filesystem;
using eoshard::kBands;
using Random = std::mt19937_64;

constexpr int kPatchesASide = 91;
constexpr int kEpsg = 32633;
constexpr const char* kProjection =
    "PROJCS[\"WGS 84 / UTM zone 33N\",GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563]],"
    "PRIMEM[\"Greenwich\",0],UNIT[\"degree\",0.0174532925199433]],PROJECTION[\"Transverse_Mercator\"],"
    "PARAMETER[\"latitude_of_origin\",0],PARAMETER[\"central_meridian\",15],PARAMETER[\"scale_factor\",0.9996],"
    "PARAMETER[\"false_easting\",500000],PARAMETER[\"false_northing\",0],UNIT[\"metre\",1],AUTHORITY[\"EPSG\","
    "\"32633\"]]";

// A label as v1 and as v2 name it, and its CORINE code.
struct Label {
  const char* v1;
  const char* v2;
  std::uint16_t code;
};
constexpr std::array<Label, 6> kLabels = {{{"Non-irrigated arable land", "Arable land", 211},
                                           {"Pastures", "Pastures", 231},
                                           {"Coniferous forest", "Coniferous forest", 312},
                                           {"Mixed forest", "Mixed forest", 313},
                                           {"Water bodies", "Inland waters", 512},
                                           {"Discontinuous urban fabric", "Urban fabric", 112}}};

struct Settings {
  std::string out;
  int version = 1;
  int patches = 16;
  std::uint64_t seed = 1;
};

struct Patch {
  std::string product, id;
  int column = 0, row = 0;
  double ulx_m = 0, uly_m = 0;
  std::vector<Label> labels;
};

// Granules hold 91 x 91 patches each; the next one is another day's.
Patch make_patch(const Settings& settings, int number, Random& random) {
  const int granule = number / (kPatchesASide * kPatchesASide), place = number % (kPatchesASide * kPatchesASide);
  Patch patch;
  patch.product = fmt::format("S2A_MSIL2A_201706{:02}T101031", 1 + granule % 28);
  if (settings.version == 2) patch.product += "_N9999_R022_T33UUP";
  patch.column = place % kPatchesASide;
  patch.row = place / kPatchesASide;
  patch.id = settings.version == 2 ? fmt::format("{}_{:02}_{:02}", patch.product, patch.column, patch.row)
                                   : fmt::format("{}_{}_{}", patch.product, patch.column, patch.row);
  patch.ulx_m = 300000 + 1200.0 * patch.column;
  patch.uly_m = 5400000 - 1200.0 * patch.row;
  for (const Label& label : kLabels) {
    if (random() % 3 == 0) patch.labels.push_back(label);
  }
  if (patch.labels.empty()) patch.labels.push_back(kLabels[random() % kLabels.size()]);
  return patch;
}

std::vector<std::uint16_t> make_pixels(int side, Random& random) {
  const auto level = static_cast<std::uint16_t>(200 + random() % 3000);
  std::vector<std::uint16_t> pixels(static_cast<std::size_t>(side) * static_cast<std::size_t>(side));
  for (std::uint16_t& pixel : pixels) pixel = static_cast<std::uint16_t>(level + random() % 256);
  return pixels;
}

void write_tiff(const fs::path& path, const Patch& patch, int resolution_m, std::vector<std::uint16_t> pixels) {
  static const OGRSpatialReference utm = [] {
    OGRSpatialReference made;
    made.importFromEPSG(kEpsg);
    return made;
  }();
  static GDALDriver* const driver = GetGDALDriverManager()->GetDriverByName("GTiff");
  const int side = eoshard::kPatchSizeM / resolution_m;
  const GDALDatasetUniquePtr image(driver->Create(path.c_str(), side, side, 1, GDT_UInt16, nullptr));
  std::array<double, 6> transform = {patch.ulx_m, double(resolution_m), 0, patch.uly_m, 0, -double(resolution_m)};
  image->SetGeoTransform(transform.data());
  image->SetSpatialRef(&utm);
  const CPLErr status =
      image->GetRasterBand(1)->RasterIO(GF_Write, 0, 0, side, side, pixels.data(), side, side, GDT_UInt16, 0, 0);
  if (status != CE_None) throw std::runtime_error("cannot write " + path.string());
}

void write_v1_metadata(const fs::path& path, const Patch& patch) {
  nlohmann::ordered_json labels = nlohmann::ordered_json::array();
  for (const Label& label : patch.labels) labels.push_back(label.v1);
  const std::string day = patch.product.substr(11, 8);
  const nlohmann::ordered_json json = {
      {"labels", labels},
      {"coordinates",
       {{"ulx", patch.ulx_m}, {"uly", patch.uly_m}, {"lrx", patch.ulx_m + 1200}, {"lry", patch.uly_m - 1200}}},
      {"projection", kProjection},
      {"tile_source", "S2A_MSIL1C_" + day + "T101031_N0205_R022_T33UUP_" + day + "T101608.SAFE"},
      {"acquisition_date", fmt::format("{}-{}-{} 10:10:31", day.substr(0, 4), day.substr(4, 2), day.substr(6, 2))}};
  std::ofstream(path) << json.dump();
}

void write_reference_map(const fs::path& folder, const Patch& patch, Random& random) {
  fs::create_directories(folder);
  std::vector<std::uint16_t> codes(120 * 120);
  for (std::size_t pixel = 0; pixel < codes.size(); ++pixel)
    codes[pixel] = patch.labels[pixel / 120 * patch.labels.size() / 120].code;
  codes[random() % codes.size()] = 999;
  write_tiff(folder / (patch.id + "_reference_map.tif"), patch, 10, std::move(codes));
}

void write_patch(const Settings& settings, const Patch& patch, Random& random) {
  const fs::path out = settings.out;
  const fs::path folder =
      settings.version == 1 ? out / "BigEarthNet-v1.0" / patch.id : out / "BigEarthNet-S2" / patch.product / patch.id;
  fs::create_directories(folder);
  for (const eoshard::BandInfo& band : kBands) {
    write_tiff(folder / fmt::format("{}_{}.tif", patch.id, band.name), patch, band.resolution_m,
               make_pixels(eoshard::kPatchSizeM / band.resolution_m, random));
  }
  if (settings.version == 1) return write_v1_metadata(folder / (patch.id + "_labels_metadata.json"), patch);
  write_reference_map(out / "Reference_Maps" / patch.product / patch.id, patch, random);
}

std::string joined_labels(const Settings& settings, const Patch& patch) {
  std::string joined;
  for (const Label& label : patch.labels)
    joined += (joined.empty() ? "" : ";") + std::string(settings.version == 1 ? label.v1 : label.v2);
  return joined;
}

void make_tree(const Settings& settings) {
  constexpr std::array<const char*, 4> kSplits = {"train", "train", "validation", "test"};
  fs::create_directories(settings.out);
  std::ofstream table(fs::path(settings.out) / "patches.csv");
  table << "patch_id,labels,split\n";
  Random random(settings.seed);
  for (int number = 0; number < settings.patches; ++number) {
    const Patch patch = make_patch(settings, number, random);
    write_patch(settings, patch, random);
    table << fmt::format("{},\"{}\",{}\n", patch.id, joined_labels(settings, patch), kSplits[std::size_t(number) % 4]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Make synthetic patches laid out as BigEarthNet's");
  app.add_option("OUT", settings.out)->required();
  app.add_option("--version", settings.version)->check(CLI::Range(1, 2));
  app.add_option("--patches", settings.patches)->check(CLI::PositiveNumber);
  app.add_option("--seed", settings.seed);
  CLI11_PARSE(app, argc, argv);
  GDALAllRegister();
  make_tree(settings);
  return 0;
}
