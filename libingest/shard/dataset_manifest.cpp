#include "libingest/shard/dataset_manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "libingest/core/file.hpp"
#include "libingest/core/json_schema.hpp"
#include "libingest/shard/dataset_schema.hpp"

namespace eoshard::ingest {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const BandStatistics& band) {
  return {{"pixels", band.pixels},
          {"minimum", band.minimum},
          {"maximum", band.maximum},
          {"mean", band.mean},
          {"standard_deviation", band.standard_deviation},
          {"sum", band.sum},
          {"sum_of_squares", band.sum_of_squares}};
}

Json to_json(const Split& split, const DatasetFormats& formats) {
  Json statistics = Json::object();
  for (const BandStatistics& band : split.statistics) statistics[band.band] = to_json(band);
  return {{"samples", split.samples},
          {"path", split_path(formats, split.name)},
          {"class_counts", split.class_counts},
          {"statistics", statistics}};
}

constexpr std::array<const char*, 4> kRoleNames = {"reflectance", "upsampled", "scene_classification", "label_map"};

ArrayRole role_from(const std::string& name) {
  const auto found = std::find(kRoleNames.begin(), kRoleNames.end(), name);  // the schema admits no other name
  return static_cast<ArrayRole>(found - kRoleNames.begin());
}

Json to_json(const ImageArray& array) {
  return {{"name", array.name},   {"role", kRoleNames[static_cast<std::size_t>(array.role)]},
          {"dtype", array.dtype}, {"resolution_m", array.resolution_m},
          {"bands", array.bands}, {"sample_shape", array.sample_shape}};
}

Json to_json(const Source& source) {
  return {{"product", source.product},     {"id_stem", source.id_stem},
          {"path", source.path},           {"baseline", source.baseline},
          {"mgrs_tile", source.mgrs_tile}, {"acquired", source.acquired},
          {"epsg", source.epsg},           {"boa_add_offset", source.boa_add_offset},
          {"patches", source.patches},     {"kept", source.kept},
          {"rejected", source.rejected}};
}

Json to_json(const BadMember& bad) { return {{"member", bad.member}, {"reason", bad.reason}}; }

template <class Item>
Json list_of(const std::vector<Item>& items) {
  Json list = Json::array();
  for (const Item& item : items) list.push_back(to_json(item));
  return list;
}

BandStatistics statistics_from(const std::string& band, const Json& json) {
  return {band,
          json.at("pixels"),
          json.at("minimum"),
          json.at("maximum"),
          json.at("mean"),
          json.at("standard_deviation"),
          json.at("sum"),
          json.at("sum_of_squares")};
}

Split split_from(const std::string& name, const Json& json) {
  Split split{name, json.at("samples"), json.at("class_counts"), {}};
  for (const auto& [band, statistics] : json.at("statistics").items()) {
    split.statistics.push_back(statistics_from(band, statistics));
  }
  return split;
}

ImageArray array_from(const Json& json) {
  return {json.at("name"),         json.at("resolution_m"), json.at("bands"),
          json.at("sample_shape"), json.at("dtype"),        role_from(json.at("role"))};
}

Source source_from(const Json& json) {
  return {json.at("product"),   json.at("id_stem"),  json.at("path"),    json.at("baseline"),
          json.at("mgrs_tile"), json.at("acquired"), json.at("epsg"),    json.at("boa_add_offset"),
          json.at("patches"),   json.at("kept"),     json.at("rejected")};
}

// What the schema cannot say: lists that must have the same length.
void check_consistency(const DatasetManifest& manifest) {
  for (const Split& split : manifest.splits) {
    if (split.class_counts.size() == manifest.classes.size()) continue;
    throw Error(ErrorKind::input, fmt::format("split '{}' counts {} classes, but 'classes' has {}", split.name,
                                              split.class_counts.size(), manifest.classes.size()));
  }
  for (const ImageArray& array : manifest.arrays) {
    const std::int64_t bands = array.sample_shape.size() == 2 ? 1 : array.sample_shape.front();
    if (static_cast<std::int64_t>(array.bands.size()) == bands) continue;
    throw Error(ErrorKind::input, fmt::format("array '{}' names {} bands, but its sample_shape has {}", array.name,
                                              array.bands.size(), bands));
  }
}

Json hdf5_json(const DatasetFormats& formats) {
  return {{"layout", to_string(formats.hdf5_layout)}, {"compression", to_string(formats.hdf5_compression)}};
}

DatasetFormats formats_from(const Json& json) {
  DatasetFormats formats;
  set_formats(formats, json.at("formats").get<std::vector<std::string>>());
  if (formats.hdf5) {
    formats.hdf5_layout = parse_hdf5_layout(json.at("hdf5").at("layout"));
    formats.hdf5_compression = parse_hdf5_compression(json.at("hdf5").at("compression"));
  }
  return formats;
}

DatasetManifest from_json(const Json& json) {
  DatasetManifest manifest;
  manifest.program = json.at("program");
  manifest.version = json.at("version");
  manifest.command_line = json.at("command_line");
  manifest.configuration_json = json.at("configuration").dump();
  manifest.task = json.at("task");
  manifest.nomenclature = json.at("nomenclature");
  manifest.classes = json.at("classes").get<std::vector<std::string>>();
  for (const Json& array : json.at("arrays")) manifest.arrays.push_back(array_from(array));
  manifest.split_rule = json.at("split_rule");
  manifest.seed = json.at("seed");
  for (const auto& [name, split] : json.at("splits").items()) manifest.splits.push_back(split_from(name, split));
  manifest.rejected = json.at("rejected").get<std::map<std::string, std::uint64_t>>();
  for (const Json& source : json.at("sources")) manifest.sources.push_back(source_from(source));
  for (const Json& bad : json.value("bad_members", Json::array()))
    manifest.bad_members.push_back({bad.at("member"), bad.at("reason")});
  manifest.formats = formats_from(json);
  manifest.is_harmonised = json.at("values").at("harmonised");
  manifest.quantification_value = json.at("values").at("quantification_value");
  return manifest;
}

}  // namespace

std::int64_t DatasetManifest::samples() const {
  std::int64_t total = 0;
  for (const Split& split : splits) total += split.samples;
  return total;
}

const Split& DatasetManifest::split(const std::string& name) const {
  for (const Split& candidate : splits) {
    if (candidate.name == name) return candidate;
  }
  throw Error(ErrorKind::input, fmt::format("the dataset has no split '{}'", name));
}

std::string manifest_text(const DatasetManifest& manifest) {
  Json splits = Json::object();
  for (const Split& split : manifest.splits) splits[split.name] = to_json(split, manifest.formats);
  Json json = {{"format", "eoshard-dataset"},
               {"format_version", 1},
               {"program", manifest.program},
               {"version", manifest.version},
               {"command_line", manifest.command_line},
               {"configuration", Json::parse(manifest.configuration_json)},
               {"task", manifest.task},
               {"nomenclature", manifest.nomenclature},
               {"classes", manifest.classes},
               {"arrays", list_of(manifest.arrays)},
               {"values",
                {{"harmonised", manifest.is_harmonised},
                 {"quantification_value", manifest.quantification_value},
                 {"no_data", 0}}},
               {"split_rule", manifest.split_rule},
               {"seed", manifest.seed},
               {"splits", splits},
               {"rejected", manifest.rejected},
               {"sources", list_of(manifest.sources)},
               {"formats", format_names(manifest.formats)},
               {"shard_samples", kShardSamples},
               {"codec", {{"uint16", "blosc-zstd-shuffle"}, {"uint8", "zstd"}}}};
  if (manifest.formats.hdf5) json["hdf5"] = hdf5_json(manifest.formats);
  if (!manifest.bad_members.empty()) json["bad_members"] = list_of(manifest.bad_members);
  return json.dump(2) + "\n";
}

DatasetManifest parse_manifest(const std::string& text) {
  try {
    check_json_schema(text, kDatasetSchema, "a dataset manifest");
    DatasetManifest manifest = from_json(Json::parse(text));
    check_consistency(manifest);
    return manifest;
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::input, fmt::format("not valid JSON: {}", error.what()));
  }
}

std::string read_manifest_text(const std::filesystem::path& dataset) {
  const std::filesystem::path path = dataset / kManifestName;
  if (!std::filesystem::exists(path)) {
    const char* hint = std::filesystem::exists(dataset / "unfinished")
                           ? "its ingest has not finished; run the same command again to go on"
                           : "name the folder that eoshard-ingest wrote with --out";
    throw Error(ErrorKind::input,
                fmt::format("{} is no dataset: it has no {}; {}", dataset.string(), kManifestName, hint));
  }
  return read_text_file(path);
}

DatasetManifest read_manifest(const std::filesystem::path& dataset) {
  const std::string text = read_manifest_text(dataset);
  return with_context((dataset / kManifestName).string(), [&] { return parse_manifest(text); });
}

ArraySpec classes_spec(std::size_t classes) {
  return {"classes", {static_cast<std::int64_t>(classes)}, {"sample", "class"}, ChunkCodec::zstd_u8, false};
}

ArraySpec patch_id_spec() {
  return {"patch_id", {static_cast<std::int64_t>(kPatchIdBytes)}, {"sample", "character"}, ChunkCodec::zstd_u8, false};
}

ArraySpec image_spec(const ImageArray& array) {
  // "data_10m" gives band_10m, y_10m, x_10m; "data" gives band, y, x; "scl" gives y_scl, x_scl.
  const std::string suffix = array.name.starts_with("data") ? array.name.substr(4) : "_" + array.name;
  std::vector<std::string> dimensions = {"sample"};
  if (array.sample_shape.size() == 3) dimensions.push_back("band" + suffix);
  dimensions.insert(dimensions.end(), {"y" + suffix, "x" + suffix});
  return {array.name, array.sample_shape, std::move(dimensions),
          array.dtype == "uint16" ? ChunkCodec::blosc_zstd_u16 : ChunkCodec::zstd_u8, true};
}

}  // namespace eoshard::ingest
