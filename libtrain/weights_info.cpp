#include "libtrain/weights_info.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libtrain/checkpoint/run_folder.hpp"

namespace eoshard::train {
namespace {

using Json = nlohmann::ordered_json;

template <class Info, class Visit>
void for_each_field(Info& info, Visit&& visit) {
  visit("model", info.model);
  visit("stem", info.stem);
  visit("task", info.task);
  visit("bands", info.bands);
  visit("input", info.input);
  visit("upsample", info.upsample);
  visit("classes", info.classes);
  visit("nomenclature", info.nomenclature);
  visit("mean", info.means);
  visit("standard_deviation", info.standard_deviations);
  visit("rows", info.rows);
  visit("columns", info.columns);
  visit("epoch", info.epoch);
  visit("chosen_by", info.chosen_by);
}

}  // namespace

std::string weights_info_text(const WeightsInfo& info) {
  Json json = Json::object();
  for_each_field(info, [&](const char* name, const auto& field) { json[name] = field; });
  return json.dump(2) + "\n";
}

WeightsInfo parse_weights_info(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    WeightsInfo info;
    for_each_field(info, [&](const char* name, auto& field) { json.at(name).get_to(field); });
    if (info.means.size() != info.bands.size() || info.standard_deviations.size() != info.bands.size()) {
      throw Error(ErrorKind::input, "mean and standard_deviation need a number a band");
    }
    return info;
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::input, fmt::format("this describes no weights: {}", error.what()));
  }
}

WeightsInfo read_weights_info(const std::filesystem::path& run) {
  const std::filesystem::path path = run / kWeightsInfoName;
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorKind::input, fmt::format("{} holds no {}: it is no finished run", run.string(), kWeightsInfoName));
  }
  return with_context(path.string(), [&] { return parse_weights_info(read_text_file(path)); });
}

}  // namespace eoshard::train
