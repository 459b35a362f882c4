#include "libingest/archive/bigearthnet_patch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "libingest/archive/archive_member_reader.hpp"
#include "libingest/archive/tiff_image.hpp"
#include "libingest/core/error.hpp"
#include "libingest/gdal/projection.hpp"

namespace eoshard::ingest {
namespace {

constexpr const char* kMetadataSuffix = "_labels_metadata.json";
constexpr double kQuantificationValue = 10000;  // both versions were made from products without BOA_ADD_OFFSET

std::string band_file(const std::string& patch, std::string_view band) { return fmt::format("{}_{}.tif", patch, band); }

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The last field of `text`, which loses it.
std::string_view take_last_field(std::string_view& text) {
  const auto underscore = text.rfind('_');
  const std::string_view field = underscore == std::string_view::npos ? text : text.substr(underscore + 1);
  text = underscore == std::string_view::npos ? "" : text.substr(0, underscore);
  return field;
}

// "07" → "7": tables write numbers without padding.
std::string plain_number(std::string_view digits) {
  return std::string(digits.substr(std::min(digits.find_first_not_of('0'), digits.size() - 1)));
}

struct PatchPlace {
  std::string column, row;
};

PatchPlace place_of(std::string_view patch) {
  const std::string row = plain_number(take_last_field(patch));
  return {plain_number(take_last_field(patch)), row};
}

const std::string& member(const RawSample& raw, const std::string& name) {
  for (const RawSample::Member& file : raw.members) {
    if (file.name == name) return file.bytes;
  }
  throw Error(ErrorKind::input, fmt::format("{} is missing", name));
}

std::span<std::uint16_t> plane_of(std::vector<std::byte>& values, std::size_t plane, int side_px) {
  const auto pixels = static_cast<std::size_t>(side_px) * static_cast<std::size_t>(side_px);
  return {reinterpret_cast<std::uint16_t*>(values.data()) + plane * pixels, pixels};
}

// "S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608.SAFE" → "T33UUP"
std::string tile_of(std::string_view product) {
  while (!product.empty()) {
    const std::string_view field = take_last_field(product);
    if (field.size() == 6 && field[0] == 'T' && all_digits(field.substr(1, 2))) return std::string(field);
  }
  return "";
}

// "2017-06-13 10:10:31" → "2017-06-13T10:10:31Z"
std::string utc_of_v1(std::string text) {
  if (text.size() == 19) text = text.substr(0, 10) + "T" + text.substr(11) + "Z";
  return text;
}

// "S2A_MSIL2A_20170613T101031_..." → "2017-06-13T10:10:31Z"
std::string utc_of_v2(const std::string& patch) {
  const std::string t = patch.substr(std::string("S2A_MSIL2A_").size(), 15);
  return fmt::format("{}-{}-{}T{}:{}:{}Z", t.substr(0, 4), t.substr(4, 2), t.substr(6, 2), t.substr(9, 2),
                     t.substr(11, 2), t.substr(13, 2));
}

}  // namespace

bool is_bigearthnet_patch(BigEarthNetVersion version, std::string_view name) {
  const std::string_view row = take_last_field(name), column = take_last_field(name);
  if (!all_digits(row) || !all_digits(column) || row.size() > 4 || column.size() > 4) return false;
  constexpr std::string_view kLevel = "_MSIL2A_";
  const bool is_level_2a = name.starts_with("S2") && name.size() >= 25 && name.substr(3, kLevel.size()) == kLevel;
  return is_level_2a && tile_of(name).empty() == (version == BigEarthNetVersion::v1);
}

std::string product_of_patch(std::string_view patch) {
  take_last_field(patch);
  take_last_field(patch);
  return std::string(patch);
}

BigEarthNetPatches::BigEarthNetPatches(BigEarthNetOptions options)
    : options_(std::move(options)), groups_(resolution_groups(options_.bands)) {}

ArchiveLayout BigEarthNetPatches::layout() const {
  ArchiveLayout layout;
  for (const ResolutionGroup& group : groups_) {
    ArchiveArray array{group.array_name, group.resolution_m, {}, group.patch_px, 2, ArchiveArray::Content::reflectance};
    for (const BandInfo& band : group.bands) array.bands.emplace_back(band.name);
    layout.arrays.push_back(std::move(array));
  }
  if (!options_.reference_maps.empty()) {
    layout.arrays.push_back({"label_map",
                             kFinestResolutionM,
                             {"CLC"},
                             kPatchSizeM / kFinestResolutionM,
                             2,
                             ArchiveArray::Content::label_map});
  }
  layout.columns = {"product", "mgrs_tile", "acquired", "column", "row", "epsg", "ulx", "uly"};
  layout.quantification_value = kQuantificationValue;
  return layout;
}

std::vector<std::string> BigEarthNetPatches::files_of(const std::string& patch) const {
  std::vector<std::string> files;
  for (const ResolutionGroup& group : groups_) {
    for (const BandInfo& band : group.bands) files.push_back(band_file(patch, band.name));
  }
  if (options_.version == BigEarthNetVersion::v1) files.push_back(patch + kMetadataSuffix);
  return files;
}

bool BigEarthNetPatches::is_needed(const std::string& patch, std::string_view file) const {
  const std::vector<std::string> files = files_of(patch);
  return std::find(files.begin(), files.end(), file) != files.end();
}

void BigEarthNetPatches::decode(const ArchiveLayout& layout, const RawSample& raw, DecodedSample& sample) const {
  sample.arrays.resize(layout.arrays.size());
  for (std::size_t array = 0; array < layout.arrays.size(); ++array)
    sample.arrays[array].resize(layout.arrays[array].sample_bytes());
  decode_bands(layout, raw, sample);
  if (options_.version == BigEarthNetVersion::v1) {
    read_v1_metadata(raw, sample);
  } else {
    read_v2_metadata(raw, sample);
  }
  if (!options_.reference_maps.empty()) read_reference_map(raw.key, layout.arrays.back(), sample.arrays.back());
}

void BigEarthNetPatches::decode_bands(const ArchiveLayout& layout, const RawSample& raw, DecodedSample& sample) const {
  for (std::size_t array = 0; array < groups_.size(); ++array) {
    const ArchiveArray& shape = layout.arrays[array];
    for (std::size_t band = 0; band < shape.bands.size(); ++band) {
      const std::string name = band_file(raw.key, shape.bands[band]);
      decode_tiff(member(raw, name), name, shape.side_px, plane_of(sample.arrays[array], band, shape.side_px));
    }
  }
}

void BigEarthNetPatches::read_v1_metadata(const RawSample& raw, DecodedSample& sample) const {
  const std::string name = raw.key + kMetadataSuffix;
  const PatchPlace place = place_of(raw.key);
  try {
    const nlohmann::json json = nlohmann::json::parse(member(raw, name));
    sample.labels = json.at("labels").get<std::vector<std::string>>();
    const auto& corner = json.at("coordinates");
    sample.fields = {product_of_patch(raw.key),
                     tile_of(json.at("tile_source").get<std::string>()),
                     utc_of_v1(json.at("acquisition_date")),
                     place.column,
                     place.row,
                     std::to_string(epsg_of(json.at("projection"))),
                     std::to_string(std::llround(corner.at("ulx").get<double>())),
                     std::to_string(std::llround(corner.at("uly").get<double>()))};
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::input, fmt::format("{}: the file is damaged or lacks an entry: {}", name, error.what()));
  }
}

int BigEarthNetPatches::epsg_of(const std::string& projection) const {
  const std::lock_guard lock(mutex_);
  if (const auto known = projections_.find(projection); known != projections_.end()) return known->second;
  return projections_[projection] = epsg_of_projection(projection);
}

void BigEarthNetPatches::read_v2_metadata(const RawSample& raw, DecodedSample& sample) const {
  const std::string product = product_of_patch(raw.key);
  const PatchPlace place = place_of(raw.key);
  const std::string image = files_of(raw.key).front();
  const auto square = ground_square_of_tiff(member(raw, image), image);
  if (!square) throw Error(ErrorKind::input, fmt::format("{}: the image does not say where it lies", image));
  sample.labels.clear();
  sample.fields = {product,
                   tile_of(product),
                   utc_of_v2(raw.key),
                   place.column,
                   place.row,
                   std::to_string(square->epsg),
                   std::to_string(square->ulx_m),
                   std::to_string(square->uly_m)};
}

void BigEarthNetPatches::read_reference_map(const std::string& patch, const ArchiveArray& array,
                                            std::vector<std::byte>& values) const {
  const ReferenceMaps::Map map = maps().read(patch);
  decode_tiff(map.bytes, map.name, array.side_px, plane_of(values, 0, array.side_px));
}

void BigEarthNetPatches::prepare_reference_maps() const {
  if (!is_archive_file(options_.reference_maps)) return;
  store_reference_maps(options_.reference_maps, options_.map_store);
}

const ReferenceMaps& BigEarthNetPatches::maps() const {
  const std::lock_guard lock(mutex_);
  if (!maps_) maps_.emplace(options_.reference_maps, options_.map_store);
  return *maps_;
}

}  // namespace eoshard::ingest
