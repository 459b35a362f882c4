#include "libingest/product/safe_product.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "libingest/core/error.hpp"
#include "libingest/product/product_identity.hpp"
#include "libingest/product/safe_folder.hpp"
#include "libingest/product/xml_document.hpp"

namespace eoshard::ingest {
namespace {

using Names = std::vector<std::string>;

constexpr int kLargestGranulePx = 100000;

[[noreturn]] void refuse(std::string message) { throw Error(ErrorKind::input, std::move(message)); }

double parse_number(const std::string& text, std::string_view tag) {
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    refuse(fmt::format("{} is '{}', no number", tag, text));
  return value;
}

int parse_integer(const std::string& text, std::string_view tag) {
  constexpr double kLimit = 1e9;
  const double value = parse_number(text, tag);
  if (std::abs(value) > kLimit || value != std::floor(value))
    refuse(fmt::format("{} is '{}', no whole number", tag, text));
  return static_cast<int>(value);
}

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// "…/S2A_….SAFE" → "S2A_…", with nothing in it that a table or a file name could not hold.
std::string clean_product_name(std::string_view uri) {
  std::string name(file_name(uri));
  constexpr std::string_view kSuffix = ".SAFE";
  if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
  const auto is_plain = [](char character) {
    return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '_' || character == '-';
  };
  std::ranges::replace_if(
      name, [&](char character) { return !is_plain(character); }, '_');
  return name;
}

// Image files as the product lists them, without folder and suffix: paths in the compact format, bare names before.
std::set<std::string, std::less<>> read_image_names(const XmlDocument& xml) {
  std::set<std::string, std::less<>> names;
  for (const char* tag : {"IMAGE_FILE", "IMAGE_FILE_2A", "IMAGE_ID_2A", "IMAGE_ID"}) {
    for (const CPLXMLNode* image : xml.find_all(tag)) names.emplace(file_name(text_of(image)));
  }
  return names;
}

// A granule's folder and its files.
struct Granule {
  std::string name;
  std::string xml;  ///< "" when it lacks
  Names images;     ///< below IMG_DATA
  Names qualities;  ///< below QI_DATA
};

// "MTD_TL.xml"; before December 2016 "S2A_USER_MTD_L2A_TL_SGS__20160721T…_A005642_T22WEB.xml".
bool is_granule_xml(std::string_view name) {
  return name == "MTD_TL.xml" ||
         (name.starts_with("S2") && name.ends_with(".xml") && name.find("_MTD_L2A_TL_") != std::string_view::npos);
}

void add_file(Granule& granule, const std::string& file, std::string_view below) {
  if (below.starts_with("IMG_DATA/")) granule.images.push_back(file);
  if (below.starts_with("QI_DATA/")) granule.qualities.push_back(file);
  if (is_granule_xml(below)) granule.xml = file;
}

// Every folder below GRANULE, in text order.
std::vector<Granule> list_granules(const SafeFolder& folder) {
  const std::string parent = folder.root() + "/GRANULE/";
  std::vector<Granule> granules;
  for (const std::string& file : folder.granule_files()) {
    const std::string_view below = std::string_view(file).substr(parent.size());
    const auto slash = below.find('/');
    if (slash == std::string_view::npos) continue;
    const std::string name(below.substr(0, slash));
    if (granules.empty() || granules.back().name != name) granules.push_back({name, "", {}, {}});
    add_file(granules.back(), file, below.substr(slash + 1));
  }
  return granules;
}

// "S2A_OPER_MSI_L2A_TL_…_T33TVM_N05.11" → "T33TVM"; "" when there is none.
std::string find_mgrs_tile(std::string_view identifier) {
  const auto begin = identifier.rfind("_T");
  if (begin == std::string_view::npos || identifier.size() < begin + 7) return "";
  return std::string(identifier.substr(begin + 1, 6));
}

// A granule that the product lists and that is not there would be left out unnoticed.
void check_all_are_there(const XmlDocument& xml, const std::vector<Granule>& granules) {
  for (const char* tag : {"Granule", "Granules"}) {
    for (const CPLXMLNode* element : xml.find_all(tag)) {
      const std::string tile = find_mgrs_tile(attribute_of(element, "granuleIdentifier"));
      const bool is_there = std::ranges::any_of(
          granules, [&](const Granule& granule) { return granule.name.find(tile) != std::string::npos; });
      if (!is_there) refuse(fmt::format("the product lacks its granule of tile {}; download it whole", tile));
    }
  }
}

std::vector<Granule> find_granules(const SafeFolder& folder, const XmlDocument& xml) {
  std::vector<Granule> granules = list_granules(folder);
  if (granules.empty()) refuse("the product has no granule (no files below GRANULE/); download it whole");
  check_all_are_there(xml, granules);
  return granules;
}

// "…_B02_10m.jp2"; before December 2016 "S2A_USER_SCL_L2A_TL_…_20m.jp2" for what is no band.
bool is_layer(std::string_view name, std::string_view layer, int resolution_m) {
  if (name.ends_with(fmt::format("_{}_{}m.jp2", layer, resolution_m))) return true;
  return name.ends_with(fmt::format("_{}m.jp2", resolution_m)) &&
         name.find(fmt::format("_{}_L2A_TL_", layer)) != std::string_view::npos;
}

// The file of a layer; of several, one that the product lists. "" when there is none.
std::string find_layer(const Names& files, const std::set<std::string, std::less<>>& listed, std::string_view layer,
                       int resolution_m) {
  std::string found;
  for (const std::string& file : files) {
    const std::string_view name = file_name(file);
    if (!is_layer(name, layer, resolution_m)) continue;
    if (listed.contains(name.substr(0, name.rfind('.')))) return file;
    if (found.empty()) found = file;
  }
  return found;
}

// "MSK_CLDPRB_20m.jp2"; up to baseline 02.06 "L2A_T32UMV_20170612T102602_CLD_20m.jp2".
std::string find_probability(const Granule& granule, std::string_view layer) {
  for (const std::string& file : granule.qualities) {
    const std::string_view name = file_name(file);
    if (name == fmt::format("MSK_{}PRB_20m.jp2", layer) || is_layer(name, layer, kSclResolutionM)) return file;
  }
  return "";
}

// Fills in the files of the bands at their native grids and of the SCL; all that lack are named at once.
void locate_images(const Granule& granule, const std::set<std::string, std::less<>>& listed, const Names& bands,
                   Product& product) {
  Names missing;
  const auto locate = [&](std::string_view layer, int resolution_m) {
    const std::string file = find_layer(granule.images, listed, layer, resolution_m);
    if (file.empty()) missing.push_back(fmt::format("{} at {} m", layer, resolution_m));
    return file;
  };
  for (const BandInfo& band : kBands) {
    const std::string name(band.name);
    if (std::ranges::find(bands, name) != bands.end()) product.band_files[name] = locate(name, band.resolution_m);
  }
  product.scl_file = locate("SCL", kSclResolutionM);
  if (!missing.empty()) {
    refuse(
        fmt::format("the product lacks {}; download it whole (all of GRANULE/*/IMG_DATA)", fmt::join(missing, ", ")));
  }
  product.cloud_probability_file = find_probability(granule, "CLD");
  product.snow_probability_file = find_probability(granule, "SNW");
}

// The offset's tag, not the date or baseline, says whether there is one: reprocessed old scenes have it too.
std::map<std::string, int> read_offsets(const XmlDocument& xml) {
  std::map<std::string, int> offsets;
  for (const CPLXMLNode* offset : xml.find_all("BOA_ADD_OFFSET")) {
    const int id = parse_integer(attribute_of(offset, "band_id"), "band_id of BOA_ADD_OFFSET");
    for (const BandInfo& band : kBands) {
      if (band.id == id) offsets[std::string(band.name)] = parse_integer(text_of(offset), "BOA_ADD_OFFSET");
    }
  }
  if (!offsets.empty() && offsets.size() != kBands.size()) {
    refuse(fmt::format("BOA_ADD_OFFSET is given for {} of {} bands", offsets.size(), kBands.size()));
  }
  return offsets;
}

double read_quantification(const XmlDocument& xml) {
  constexpr const char* kTag = "BOA_QUANTIFICATION_VALUE";
  const std::string text = xml.require_text({kTag, "L2A_BOA_QUANTIFICATION_VALUE"});
  const double value = parse_number(text, kTag);
  if (value <= 0) refuse(fmt::format("{} is '{}', not above 0", kTag, text));
  return value;
}

int parse_epsg(const std::string& code) {
  constexpr std::string_view kPrefix = "EPSG:";
  if (!code.starts_with(kPrefix)) refuse(fmt::format("HORIZONTAL_CS_CODE is '{}', no EPSG code", code));
  return parse_integer(code.substr(kPrefix.size()), "HORIZONTAL_CS_CODE");
}

const CPLXMLNode* find_at_resolution(const XmlDocument& xml, const char* tag, int resolution_m) {
  for (const CPLXMLNode* element : xml.find_all(tag)) {
    if (attribute_of(element, "resolution") == std::to_string(resolution_m)) return element;
  }
  refuse(fmt::format("{} has no {} for {} m", file_name(xml.path()), tag, resolution_m));
}

GranuleGeometry read_geometry(const XmlDocument& xml) {
  GranuleGeometry geometry;
  geometry.epsg = parse_epsg(xml.require_text({"HORIZONTAL_CS_CODE"}));
  const CPLXMLNode* size = find_at_resolution(xml, "Size", kFinestResolutionM);
  const CPLXMLNode* position = find_at_resolution(xml, "Geoposition", kFinestResolutionM);
  geometry.size_10m_px = parse_integer(child_text(size, "NROWS"), "NROWS");
  const int columns = parse_integer(child_text(size, "NCOLS"), "NCOLS");
  if (columns != geometry.size_10m_px || columns <= 0 || columns > kLargestGranulePx || columns % 6 != 0) {
    refuse(fmt::format("the granule has {}x{} pixels at 10 m: not a square that 60 m pixels fill", columns,
                       geometry.size_10m_px));
  }
  geometry.ulx_m = parse_number(child_text(position, "ULX"), "ULX");
  geometry.uly_m = parse_number(child_text(position, "ULY"), "ULY");
  return geometry;
}

std::string read_mgrs_tile(const XmlDocument& xml) {
  const std::string identifier = xml.require_text({"TILE_ID", "TILE_ID_2A"});
  const std::string tile = find_mgrs_tile(identifier);
  if (!is_mgrs_tile(tile)) refuse(fmt::format("TILE_ID '{}' names no MGRS tile", identifier));
  return tile;
}

// "02.04" → "0204"
std::string baseline_digits(std::string baseline) {
  std::erase(baseline, '.');
  return baseline;
}

// A compact name without its last field; for other names, and granules that share one, the same from the metadata.
std::string form_id_stem(const Product& product, const XmlDocument& xml, bool is_only_granule) {
  if (is_only_granule && is_compact_name(product.name)) return product.name.substr(0, product.name.rfind('_'));
  IdStem stem;
  stem.spacecraft = spacecraft_code(xml.require_text({"SPACECRAFT_NAME"}));
  stem.sensed = compact_time(xml.require_text({"DATATAKE_SENSING_START"}));
  stem.baseline = baseline_digits(product.baseline);
  stem.relative_orbit = parse_integer(xml.require_text({"SENSING_ORBIT_NUMBER"}), "SENSING_ORBIT_NUMBER");
  stem.mgrs_tile = product.mgrs_tile;
  return stem.text();
}

std::string read_processing_time(const XmlDocument& xml, const std::string& product_name) {
  if (const auto time = xml.find_text({"GENERATION_TIME"})) return compact_time(*time);
  return is_compact_name(product_name) ? product_name.substr(product_name.rfind('_') + 1) : "";
}

// Text that goes into tables as it is.
std::string require_plain(const XmlDocument& xml, const char* tag) {
  std::string text = xml.require_text({tag});
  const bool is_plain = std::ranges::all_of(text, [](unsigned char character) {
    return std::isalnum(character) != 0 ||
           std::string_view(".:-").find(static_cast<char>(character)) != std::string::npos;
  });
  if (text.empty() || !is_plain) refuse(fmt::format("{} is '{}', neither a time nor a number", tag, text));
  return text;
}

// What the product's own metadata say of all its granules.
Product read_common(const std::string& source, const SafeFolder& folder, const XmlDocument& xml) {
  Product product;
  product.path = source;
  product.root = folder.root();
  product.metadata_files = {folder.product_xml()};
  product.name = clean_product_name(xml.find_text({"PRODUCT_URI_2A", "PRODUCT_URI"}).value_or(folder.name()));
  product.baseline = require_plain(xml, "PROCESSING_BASELINE");
  product.acquired = require_plain(xml, "PRODUCT_START_TIME");
  product.processed = read_processing_time(xml, product.name);
  product.quantification_value = read_quantification(xml);
  product.boa_add_offset = read_offsets(xml);
  return product;
}

void add_granule(Product& product, const Granule& granule) {
  if (granule.xml.empty()) refuse("MTD_TL.xml does not exist; download the product again");
  const XmlDocument xml(granule.xml);
  product.metadata_files.push_back(granule.xml);
  product.mgrs_tile = read_mgrs_tile(xml);
  product.geometry = read_geometry(xml);
}

std::vector<Product> read_product(const std::string& source, const Names& bands) {
  const SafeFolder folder(source);
  const XmlDocument xml(folder.product_xml());
  const Product common = read_common(source, folder, xml);
  const auto listed = read_image_names(xml);
  const std::vector<Granule> granules = find_granules(folder, xml);
  std::vector<Product> products;
  for (const Granule& granule : granules) {
    Product product = common;
    with_context(granule.name, [&] {
      add_granule(product, granule);
      locate_images(granule, listed, bands, product);
      product.id_stem = form_id_stem(product, xml, granules.size() == 1);
    });
    products.push_back(std::move(product));
  }
  return products;
}

}  // namespace

std::vector<Product> read_safe_product(const std::string& source, const Names& bands) {
  return with_context(source, [&] { return read_product(source, bands); });
}

}  // namespace eoshard::ingest
