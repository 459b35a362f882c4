#include "libingest/product/band_list.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "libingest/core/error.hpp"
#include "libingest/core/types.hpp"

namespace eoshard::ingest {
namespace {

std::vector<std::string> layers_in_order() {
  std::vector<std::string> layers;
  for (const BandInfo& band : kBands) layers.emplace_back(band.name);
  layers.emplace_back("SCL");
  return layers;
}

[[noreturn]] void refuse(std::string_view list, const std::string& what) {
  throw Error(ErrorKind::usage, fmt::format("--bands '{}': {}; write a list such as B02,B03,B04 from {}", list, what,
                                            fmt::join(layers_in_order(), " ")));
}

std::vector<std::string> split_at_commas(std::string_view list) {
  std::vector<std::string> names;
  for (;;) {
    const auto comma = list.find(',');
    names.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return names;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

std::vector<std::string> parse_band_list(std::string_view list) {
  const std::vector<std::string> layers = layers_in_order();
  const std::vector<std::string> names = split_at_commas(list);
  for (const std::string& name : names) {
    if (name.empty()) refuse(list, "a name is empty");
    if (std::find(layers.begin(), layers.end(), name) == layers.end()) refuse(list, name + " is no Level-2A band");
    if (std::count(names.begin(), names.end(), name) > 1) refuse(list, name + " is given twice");
  }
  std::vector<std::string> chosen;
  for (const std::string& layer : layers) {
    if (std::find(names.begin(), names.end(), layer) != names.end()) chosen.push_back(layer);
  }
  return chosen;
}

}  // namespace eoshard::ingest
