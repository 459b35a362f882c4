#include "libingest/pipeline/ingest_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libingest/core/byte_text.hpp"
#include "libingest/core/error.hpp"
#include "libingest/core/version.hpp"
#include "libingest/label/patch_labeler.hpp"
#include "libingest/select/split_rule.hpp"

namespace eoshard::ingest {
namespace {

std::string canonical_labels(const std::string& labels) {
  return labels == kNoLabels ? labels : canonical_path_text(labels);
}

std::vector<std::string> canonical_texts(const std::vector<std::string>& paths) {
  std::vector<std::string> texts;
  for (const std::string& path : paths) texts.push_back(canonical_path_text(path));
  return texts;
}

// Lists are files: their names mean the same from any folder.
std::string canonical_split(const IngestOptions& options) {
  SplitRule rule = parse_split_rule(options.split, options.seed);
  if (rule.kind != SplitRule::Kind::lists) return options.split;
  for (std::string& list : rule.lists) {
    if (!list.empty()) list = canonical_path_text(list);
  }
  return fmt::format("lists:{}", fmt::join(rule.lists, ","));
}

std::vector<std::string> paths_from(const nlohmann::json& texts) {
  std::vector<std::string> paths;
  for (const std::string text : texts) paths.push_back(unescape_bytes(text));
  return paths;
}

template <class Value>
nlohmann::ordered_json or_null(const std::optional<Value>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

template <class Value>
std::optional<Value> optional_from(const nlohmann::json& json) {
  return json.is_null() ? std::nullopt : std::optional<Value>(json.get<Value>());
}

}  // namespace

std::string configuration_json(const IngestOptions& options) {
  std::vector<std::string> sources = canonical_texts(options.sources);
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
                                 {"max_shadow_percent", or_null(thresholds.max_shadow_percent)},
                                 {"max_snow_percent", thresholds.max_snow_percent},
                                 {"max_saturated_percent", thresholds.max_saturated_percent},
                                 {"min_labelled_percent", thresholds.min_labelled_percent},
                                 {"cloud_probability", or_null(thresholds.cloud_probability)},
                                 {"snow_probability", or_null(thresholds.snow_probability)},
                                 {"exclude_lists", canonical_texts(options.exclude_lists)},
                                 {"include_lists", canonical_texts(options.include_lists)},
                                 {"v2_metadata", canonical_texts(options.v2_metadata)},
                                 {"split", canonical_split(options)},
                                 {"list_contents", options.list_contents},
                                 {"seed", options.seed},
                                 {"append", options.append},
                                 {"format", format_names(options.formats)},
                                 {"hdf5_layout", to_string(options.formats.hdf5_layout)},
                                 {"hdf5_compression", to_string(options.formats.hdf5_compression)}};
  return json.dump(2) + "\n";
}

IngestOptions parse_configuration(const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text);
    IngestOptions options;
    options.sources = paths_from(json.at("sources"));
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
    thresholds.max_shadow_percent = optional_from<double>(json.at("max_shadow_percent"));
    thresholds.max_snow_percent = json.at("max_snow_percent");
    thresholds.max_saturated_percent = json.at("max_saturated_percent");
    thresholds.min_labelled_percent = json.at("min_labelled_percent");
    thresholds.cloud_probability = optional_from<int>(json.at("cloud_probability"));
    thresholds.snow_probability = optional_from<int>(json.at("snow_probability"));
    options.exclude_lists = paths_from(json.at("exclude_lists"));
    options.include_lists = paths_from(json.at("include_lists"));
    options.v2_metadata = paths_from(json.at("v2_metadata"));
    options.split = unescape_bytes(json.at("split").get<std::string>());
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
