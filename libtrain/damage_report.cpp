#include "libtrain/damage_report.hpp"

#include <nlohmann/json.hpp>

namespace eoshard::train {

std::map<std::int64_t, std::string> gather_damaged(const SplitReader& split, const Communicator& world) {
  std::map<std::int64_t, std::string> all;
  for (const std::string& text : world.all_gather(nlohmann::json(split.damaged()).dump())) {
    all.merge(nlohmann::json::parse(text).get<std::map<std::int64_t, std::string>>());
  }
  return all;
}

std::vector<std::int64_t> whole_samples(std::int64_t count, const std::map<std::int64_t, std::string>& damaged) {
  std::vector<std::int64_t> whole;
  for (std::int64_t sample = 0; sample < count; ++sample) {
    if (!damaged.contains(sample)) whole.push_back(sample);
  }
  return whole;
}

}  // namespace eoshard::train
