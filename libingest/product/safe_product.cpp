#include "libingest/product/safe_product.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "libingest/core/error.hpp"
#include "libingest/product/xml_document.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProductXml = "MTD_MSIL2A.xml";

[[noreturn]] void refuse(std::string message) { throw Error(ErrorKind::input, std::move(message)); }

double parse_number(const std::string& text, std::string_view tag) {
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size())
    refuse(fmt::format("{} is '{}', no number", tag, text));
  return value;
}

int parse_integer(const std::string& text, std::string_view tag) {
  const double value = parse_number(text, tag);
  if (value != static_cast<int>(value)) refuse(fmt::format("{} is '{}', no whole number", tag, text));
  return static_cast<int>(value);
}

void check_is_level_2a_folder(const fs::path& folder) {
  if (fs::exists(folder / kProductXml)) return;
  if (!fs::exists(folder)) refuse("the product does not exist");
  if (!fs::is_directory(folder)) refuse("this is no folder; name the .SAFE folder of a Level-2A product");
  if (fs::exists(folder / "MTD_MSIL1C.xml"))
    refuse("this is a Level-1C product; Level-2A (surface reflectance) is needed");
  refuse(fmt::format("the folder has no {}; name the .SAFE folder of a Level-2A product", kProductXml));
}

std::string strip_safe_suffix(std::string name) {
  constexpr std::string_view kSuffix = ".SAFE";
  if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
  return name;
}

// Image files as the product lists them, without the folder and the .jp2 suffix.
std::vector<std::string> read_image_list(const XmlDocument& xml) {
  std::vector<std::string> images;
  for (const char* tag : {"IMAGE_FILE", "IMAGE_FILE_2A"}) {
    for (const CPLXMLNode* image : xml.find_all(tag)) images.push_back(text_of(image));
  }
  if (images.empty()) refuse(fmt::format("{} lists no image files", kProductXml));
  return images;
}

std::string find_image(const std::vector<std::string>& images, const std::string& ending) {
  for (const std::string& image : images) {
    if (image.ends_with(ending)) return image + ".jp2";
  }
  return "";
}

// Fills in the files of the twelve bands at their native grids and of the SCL; all that lack are named at once.
void locate_images(const fs::path& folder, const std::vector<std::string>& images, Product& product) {
  std::vector<std::string> missing;
  const auto locate = [&](const std::string& layer, int resolution_m) {
    const std::string image = find_image(images, fmt::format("_{}_{}m", layer, resolution_m));
    const fs::path path = folder / image;
    if (image.empty() || !fs::exists(path)) missing.push_back(fmt::format("{} at {} m", layer, resolution_m));
    return path.string();
  };
  for (const BandInfo& band : kBands) {
    product.band_files[std::string(band.name)] = locate(std::string(band.name), band.resolution_m);
  }
  product.scl_file = locate("SCL", kSclResolutionM);
  if (!missing.empty()) {
    refuse(
        fmt::format("the product lacks {}; download it whole (all of GRANULE/*/IMG_DATA)", fmt::join(missing, ", ")));
  }
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

// "GRANULE/<granule>/IMG_DATA/…" → "<granule>"; one granule a product.
std::string find_granule(const std::vector<std::string>& images) {
  std::string granule;
  for (const std::string& image : images) {
    const fs::path path(image);
    auto part = path.begin();
    if (part == path.end() || *part != "GRANULE" || ++part == path.end()) continue;
    if (!granule.empty() && granule != part->string()) {
      refuse(fmt::format("the product holds several granules ({}, {}, …); only one granule a product is read yet",
                         granule, part->string()));
    }
    granule = part->string();
  }
  if (granule.empty()) refuse(fmt::format("{} lists no image below GRANULE/", kProductXml));
  return granule;
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
  refuse(fmt::format("MTD_TL.xml has no {} for {} m", tag, resolution_m));
}

GranuleGeometry read_geometry(const XmlDocument& xml) {
  GranuleGeometry geometry;
  geometry.epsg = parse_epsg(xml.require_text({"HORIZONTAL_CS_CODE"}));
  const CPLXMLNode* size = find_at_resolution(xml, "Size", kFinestResolutionM);
  const CPLXMLNode* position = find_at_resolution(xml, "Geoposition", kFinestResolutionM);
  geometry.size_10m_px = parse_integer(child_text(size, "NROWS"), "NROWS");
  const int columns = parse_integer(child_text(size, "NCOLS"), "NCOLS");
  if (columns != geometry.size_10m_px || columns <= 0 || columns % 6 != 0) {
    refuse(fmt::format("the granule has {}x{} pixels at 10 m: not a square that 60 m pixels fill", columns,
                       geometry.size_10m_px));
  }
  geometry.ulx_m = parse_number(child_text(position, "ULX"), "ULX");
  geometry.uly_m = parse_number(child_text(position, "ULY"), "ULY");
  return geometry;
}

// "S2A_OPER_MSI_L2A_TL_…_T33TVM_N05.11" → "T33TVM"
std::string parse_mgrs_tile(const std::string& tile_id) {
  const auto begin = tile_id.rfind("_T");
  if (begin == std::string::npos || tile_id.size() < begin + 7)
    refuse(fmt::format("TILE_ID '{}' names no MGRS tile", tile_id));
  return tile_id.substr(begin + 1, 6);
}

Product read_product(const fs::path& folder) {
  check_is_level_2a_folder(folder);
  const XmlDocument xml(folder / kProductXml);
  Product product;
  product.path = folder.string();
  product.name = strip_safe_suffix(xml.require_text({"PRODUCT_URI", "PRODUCT_URI_2A"}));
  product.baseline = xml.require_text({"PROCESSING_BASELINE"});
  product.acquired = xml.require_text({"PRODUCT_START_TIME"});
  product.quantification_value = parse_number(
      xml.require_text({"BOA_QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE"}), "BOA_QUANTIFICATION_VALUE");
  product.boa_add_offset = read_offsets(xml);
  const std::vector<std::string> images = read_image_list(xml);
  locate_images(folder, images, product);
  const XmlDocument granule_xml(folder / "GRANULE" / find_granule(images) / "MTD_TL.xml");
  product.mgrs_tile = parse_mgrs_tile(granule_xml.require_text({"TILE_ID", "TILE_ID_2A"}));
  product.geometry = read_geometry(granule_xml);
  return product;
}

}  // namespace

Product read_safe_product(const fs::path& folder) {
  return with_context(folder.string(), [&] { return read_product(folder); });
}

}  // namespace eoshard::ingest
