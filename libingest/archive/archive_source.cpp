#include "libingest/archive/archive_source.hpp"

#include <nlohmann/json.hpp>

namespace eoshard::ingest {
namespace {

using Json = nlohmann::json;

Json to_json(const ArchiveArray& array) {
  return {
      {"name", array.name},       {"resolution_m", array.resolution_m},   {"bands", array.bands},
      {"side_px", array.side_px}, {"bytes_a_value", array.bytes_a_value}, {"content", static_cast<int>(array.content)}};
}

ArchiveArray array_from(const Json& json) {
  return {json.at("name"),          json.at("resolution_m"),
          json.at("bands"),         json.at("side_px"),
          json.at("bytes_a_value"), static_cast<ArchiveArray::Content>(json.at("content").get<int>())};
}

}  // namespace

std::string layout_text(const ArchiveLayout& layout) {
  Json arrays = Json::array();
  for (const ArchiveArray& array : layout.arrays) arrays.push_back(to_json(array));
  return Json{{"arrays", arrays},
              {"task", static_cast<int>(layout.task)},
              {"nomenclature", layout.nomenclature},
              {"classes", layout.classes},
              {"columns", layout.columns},
              {"quantification_value", layout.quantification_value}}
      .dump();
}

ArchiveLayout parse_layout(const std::string& text) {
  const Json json = Json::parse(text);
  ArchiveLayout layout;
  for (const Json& array : json.at("arrays")) layout.arrays.push_back(array_from(array));
  layout.task = static_cast<LabelTask>(json.at("task").get<int>());
  layout.nomenclature = json.at("nomenclature");
  layout.classes = json.at("classes").get<std::vector<std::string>>();
  layout.columns = json.at("columns").get<std::vector<std::string>>();
  layout.quantification_value = json.at("quantification_value");
  return layout;
}

}  // namespace eoshard::ingest
