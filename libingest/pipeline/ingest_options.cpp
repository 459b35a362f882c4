#include "libingest/pipeline/ingest_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libingest/core/byte_text.hpp"
#include "libingest/core/error.hpp"
#include "libingest/core/version.hpp"
#include "libingest/label/patch_labeler.hpp"

namespace eoshard::ingest {
namespace {

// The same for every way to name a file. Paths may be no UTF-8, JSON must.
std::string canonical_text(const std::string& path) {
  return escape_bytes(std::filesystem::weakly_canonical(path).string());
}

std::string canonical_labels(const std::string& labels) {
  return labels == kNoLabels ? labels : canonical_text(labels);
}

}  // namespace

std::string configuration_json(const IngestOptions& options) {
  std::vector<std::string> sources;
  for (const std::string& source : options.sources) {
    sources.push_back(canonical_text(source));
  }
  std::sort(sources.begin(), sources.end());
  const FilterThresholds& thresholds = options.thresholds;
  nlohmann::ordered_json json = {{"version", kVersion},
                                 {"sources", sources},
                                 {"check_source", options.check_source},
                                 {"bands", options.bands},
                                 {"upsample", options.upsample},
                                 {"no_native", options.no_native},
                                 {"raw_dn", options.raw_dn},
                                 {"keep_zero_pixels", options.keep_zero_pixels},
                                 {"labels", canonical_labels(options.labels)},
                                 {"label_layer", escape_bytes(options.label_layer)},
                                 {"label_attribute", escape_bytes(options.label_attribute)},
                                 {"nomenclature", options.nomenclature},
                                 {"min_class_percent", options.min_class_percent},
                                 {"label_map", options.label_map},
                                 {"max_nodata_percent", thresholds.max_nodata_percent},
                                 {"max_cloud_percent", thresholds.max_cloud_percent},
                                 {"max_shadow_percent", nullptr},
                                 {"max_snow_percent", thresholds.max_snow_percent},
                                 {"max_saturated_percent", thresholds.max_saturated_percent},
                                 {"min_labelled_percent", thresholds.min_labelled_percent},
                                 {"split", options.split},
                                 {"seed", options.seed},
                                 {"append", options.append},
                                 {"format", format_names(options.formats)},
                                 {"hdf5_layout", to_string(options.formats.hdf5_layout)},
                                 {"hdf5_compression", to_string(options.formats.hdf5_compression)}};
  if (thresholds.max_shadow_percent) json["max_shadow_percent"] = *thresholds.max_shadow_percent;
  return json.dump(2) + "\n";
}

IngestOptions parse_configuration(const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text);
    IngestOptions options;
    for (const std::string source : json.at("sources")) options.sources.push_back(unescape_bytes(source));
    options.check_source = json.at("check_source");
    options.bands = json.at("bands").get<std::vector<std::string>>();
    options.upsample = json.at("upsample");
    options.no_native = json.at("no_native");
    options.raw_dn = json.at("raw_dn");
    options.keep_zero_pixels = json.at("keep_zero_pixels");
    options.labels = unescape_bytes(json.at("labels").get<std::string>());
    options.label_layer = unescape_bytes(json.at("label_layer").get<std::string>());
    options.label_attribute = unescape_bytes(json.at("label_attribute").get<std::string>());
    options.nomenclature = json.at("nomenclature");
    options.min_class_percent = json.at("min_class_percent");
    options.label_map = json.at("label_map");
    FilterThresholds& thresholds = options.thresholds;
    thresholds.max_nodata_percent = json.at("max_nodata_percent");
    thresholds.max_cloud_percent = json.at("max_cloud_percent");
    if (!json.at("max_shadow_percent").is_null()) thresholds.max_shadow_percent = json.at("max_shadow_percent");
    thresholds.max_snow_percent = json.at("max_snow_percent");
    thresholds.max_saturated_percent = json.at("max_saturated_percent");
    thresholds.min_labelled_percent = json.at("min_labelled_percent");
    options.split = json.at("split");
    options.append = json.at("append");
    options.seed = json.at("seed");
    set_formats(options.formats, json.at("format").get<std::vector<std::string>>());
    options.formats.hdf5_layout = parse_hdf5_layout(json.at("hdf5_layout"));
    options.formats.hdf5_compression = parse_hdf5_compression(json.at("hdf5_compression"));
    return options;
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::io, fmt::format("the configuration of the unfinished run is damaged: {}", error.what()));
  }
}

}  // namespace eoshard::ingest
