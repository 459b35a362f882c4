#include "tools/eoshard-train/result_table.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>

namespace eoshard::train {
namespace {

double number(const nlohmann::json& json, const std::string& key) { return json.at(key).get<double>(); }

std::string heading(const nlohmann::json& result) {
  const std::string scored = fmt::format("{} split, weights of epoch {} ({})", result.at("split").get<std::string>(),
                                         result.at("epoch").get<int>(), result.at("chosen_by").get<std::string>());
  return fmt::format("\n{:<58} {:>9} {:>9} {:>9} {:>9}\n", scored, "precision", "recall", "F1", "support");
}

// The scores are `scores`' values of "precision", "recall" and "f1", each followed by `ending`.
std::string row(const std::string& name, const nlohmann::json& scores, const std::string& ending,
                std::uint64_t support) {
  return fmt::format("{:<58.58} {:>9.3f} {:>9.3f} {:>9.3f} {:>9}\n", name, number(scores, "precision" + ending),
                     number(scores, "recall" + ending), number(scores, "f1" + ending), support);
}

}  // namespace

std::string result_table(const std::string& result_json) {
  const auto result = nlohmann::json::parse(result_json);
  std::string table = heading(result);
  std::uint64_t all_support = 0;
  for (const auto& one : result.at("per_class")) {
    const auto support = one.at("support").get<std::uint64_t>();
    table += row(one.at("name").get<std::string>(), one, "", support);
    all_support += support;
  }
  for (const std::string average : {"micro", "weighted", "macro"}) {
    table += row(average + " average", result, "_" + average, all_support);
  }
  if (result.contains("accuracy")) table += fmt::format("{:<58} {:>9.3f}\n", "accuracy", number(result, "accuracy"));
  return table;
}

}  // namespace eoshard::train
