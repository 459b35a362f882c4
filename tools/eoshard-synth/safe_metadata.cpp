#include "tools/eoshard-synth/safe_metadata.hpp"

#include <fmt/format.h>

#include <iterator>

namespace eoshard::synth {
namespace {

// Element names of the two generations of the product metadata (PSD 14).
struct Spelling {
  std::string_view info, uri, organisation, image_file, characteristics, quantification;
};

constexpr Spelling kFirstSpelling = {"L2A_Product_Info",
                                     "PRODUCT_URI_2A",
                                     "L2A_Product_Organisation",
                                     "IMAGE_FILE_2A",
                                     "L2A_Product_Image_Characteristics",
                                     "L1C_L2A_Quantification_Values_List"};
constexpr Spelling kSpelling = {"Product_Info",
                                "PRODUCT_URI",
                                "Product_Organisation",
                                "IMAGE_FILE",
                                "Product_Image_Characteristics",
                                "QUANTIFICATION_VALUES_LIST"};

constexpr int kSpectralBands = 13;  // with B10, which Level-2A lacks but counts

template <class... Values>
void add(std::string& text, fmt::format_string<Values...> line, Values&&... values) {
  fmt::format_to(std::back_inserter(text), line, std::forward<Values>(values)...);
  text += '\n';
}

void add_header(std::string& text, std::string_view root, std::string_view schema) {
  add(text, R"(<?xml version="1.0" encoding="UTF-8" standalone="no"?>)");
  add(text, R"(<n1:{} xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/{}">)", root, schema);
}

void add_product_info(std::string& text, const ProductName& name, const Baseline& baseline, const Spelling& tags) {
  add(text, "      <PRODUCT_START_TIME>{}</PRODUCT_START_TIME>", iso_time(name.sensed));
  add(text, "      <PRODUCT_STOP_TIME>{}</PRODUCT_STOP_TIME>", iso_time(name.sensed));
  add(text, "      <{0}>{1}.SAFE</{0}>", tags.uri, name.product());
  add(text, "      <PROCESSING_LEVEL>Level-2A</PROCESSING_LEVEL>");
  add(text, "      <PRODUCT_TYPE>S2MSI2A</PRODUCT_TYPE>");
  add(text, "      <PROCESSING_BASELINE>{}</PROCESSING_BASELINE>", baseline.name);
  add(text, "      <GENERATION_TIME>{}</GENERATION_TIME>", iso_time(name.processed));
  add(text, R"(      <Datatake datatakeIdentifier="G{}_{}_{:06}_N{}">)", name.mission, name.sensed, name.absolute_orbit,
      baseline.name);
  add(text, "        <SPACECRAFT_NAME>Sentinel-{}</SPACECRAFT_NAME>", name.mission.substr(1));
  add(text, "        <DATATAKE_SENSING_START>{}</DATATAKE_SENSING_START>", iso_time(name.sensed));
  add(text, "        <SENSING_ORBIT_NUMBER>{}</SENSING_ORBIT_NUMBER>", name.orbit.substr(1));
  add(text, "        <SENSING_ORBIT_DIRECTION>DESCENDING</SENSING_ORBIT_DIRECTION>");
  add(text, "      </Datatake>");
  add(text,
      R"(      <Query_Options completeSingleTile="true"><PRODUCT_FORMAT>SAFE_COMPACT</PRODUCT_FORMAT></Query_Options>)");
}

void add_images(std::string& text, const ProductName& name, const std::vector<std::string>& images,
                const Spelling& tags) {
  add(text, "      <{}>", tags.organisation);
  add(text, "        <Granule_List>");
  add(text, R"(          <Granule granuleIdentifier="{}" imageFormat="JPEG2000">)", name.identifier("L2A_TL"));
  for (const std::string& image : images) add(text, "            <{0}>{1}</{0}>", tags.image_file, image);
  add(text, "          </Granule>");
  add(text, "        </Granule_List>");
  add(text, "      </{}>", tags.organisation);
}

void add_special_value(std::string& text, std::string_view name, int value) {
  add(text, "      <Special_Values>");
  add(text, "        <SPECIAL_VALUE_TEXT>{}</SPECIAL_VALUE_TEXT>", name);
  add(text, "        <SPECIAL_VALUE_INDEX>{}</SPECIAL_VALUE_INDEX>", value);
  add(text, "      </Special_Values>");
}

// The offsets' list exists only where there are offsets.
void add_radiometry(std::string& text, const Baseline& baseline, const Spelling& tags) {
  add(text, "      <{}>", tags.quantification);
  add(text, R"(        <BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>)");
  add(text, "      </{}>", tags.quantification);
  if (baseline.boa_add_offset == 0) return;
  add(text, "      <BOA_ADD_OFFSET_VALUES_LIST>");
  for (int band = 0; band < kSpectralBands; ++band) {
    add(text, R"(        <BOA_ADD_OFFSET band_id="{}">{}</BOA_ADD_OFFSET>)", band, baseline.boa_add_offset);
  }
  add(text, "      </BOA_ADD_OFFSET_VALUES_LIST>");
}

std::string_view media_type(std::string_view path) {
  return path.ends_with(".xml") ? "text/xml" : "application/octet-stream";
}

}  // namespace

std::string product_metadata(const ProductName& name, const Baseline& baseline,
                             const std::vector<std::string>& images) {
  const Spelling& tags = baseline.has_l2a_names ? kFirstSpelling : kSpelling;
  std::string text;
  add_header(text, "Level-2A_User_Product", "User_Product_Level-2A.xsd");
  add(text, "  <n1:General_Info>");
  add(text, "    <{}>", tags.info);
  add_product_info(text, name, baseline, tags);
  add_images(text, name, images, tags);
  add(text, "    </{}>", tags.info);
  add(text, "    <{}>", tags.characteristics);
  add_special_value(text, "NODATA", 0);
  add_special_value(text, "SATURATED", 65535);
  add_radiometry(text, baseline, tags);
  add(text, "    </{}>", tags.characteristics);
  add(text, "  </n1:General_Info>");
  add(text, "</n1:Level-2A_User_Product>");
  return text;
}

std::string tile_metadata(const ProductName& name, const RasterGrid& grid) {
  std::string text;
  add_header(text, "Level-2A_Tile_ID", "S2_PDI_Level-2A_Tile_Metadata.xsd");
  add(text, "  <n1:General_Info>");
  add(text, R"(    <TILE_ID metadataLevel="Brief">{}</TILE_ID>)", name.identifier("L2A_TL"));
  add(text, R"(    <SENSING_TIME metadataLevel="Standard">{}</SENSING_TIME>)", iso_time(name.sensed));
  add(text, "  </n1:General_Info>");
  add(text, "  <n1:Geometric_Info>");
  add(text, R"(    <Tile_Geocoding metadataLevel="Brief">)");
  add(text, "      <HORIZONTAL_CS_NAME>WGS84 / UTM zone {}N</HORIZONTAL_CS_NAME>", grid.epsg % 100);
  add(text, "      <HORIZONTAL_CS_CODE>EPSG:{}</HORIZONTAL_CS_CODE>", grid.epsg);
  for (const int resolution_m : {10, 20, 60}) {
    const int side_px = grid.columns * 10 / resolution_m;
    add(text, R"(      <Size resolution="{}"><NROWS>{}</NROWS><NCOLS>{}</NCOLS></Size>)", resolution_m, side_px,
        side_px);
  }
  for (const int resolution_m : {10, 20, 60}) {
    add(text,
        R"(      <Geoposition resolution="{0}"><ULX>{1:.0f}</ULX><ULY>{2:.0f}</ULY><XDIM>{0}</XDIM><YDIM>-{0}</YDIM></Geoposition>)",
        resolution_m, grid.ulx_m, grid.uly_m);
  }
  add(text, "    </Tile_Geocoding>");
  add(text, "  </n1:Geometric_Info>");
  add(text, "</n1:Level-2A_Tile_ID>");
  return text;
}

std::string manifest(const std::vector<ManifestEntry>& entries, ChecksumKind kind) {
  const std::string_view algorithm = kind == ChecksumKind::md5 ? "MD5" : "SHA3-256";
  std::string text;
  add(text, R"(<?xml version="1.0" encoding="UTF-8" standalone="no"?>)");
  add(text,
      R"(<xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1" version="esa/safe/sentinel/1.1/sentinel-2/msi/archive_l2a_user_product">)");
  add(text, "  <dataObjectSection>");
  for (std::size_t number = 0; number < entries.size(); ++number) {
    const ManifestEntry& entry = entries[number];
    add(text, R"(    <dataObject ID="Object_{}">)", number);
    add(text, R"(      <byteStream mimeType="{}" size="{}">)", media_type(entry.path), entry.bytes);
    add(text, R"(        <fileLocation locatorType="URL" href="./{}"/>)", entry.path);
    add(text, R"(        <checksum checksumName="{}">{}</checksum>)", algorithm, entry.checksum);
    add(text, "      </byteStream>");
    add(text, "    </dataObject>");
  }
  add(text, "  </dataObjectSection>");
  add(text, "</xfdu:XFDU>");
  return text;
}

}  // namespace eoshard::synth
