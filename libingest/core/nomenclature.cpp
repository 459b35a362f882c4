#include "libingest/core/nomenclature.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <set>
#include <system_error>

#include "libingest/core/error.hpp"

namespace eoshard {
namespace {

// CORINE's own spellings, by grid code.
constexpr std::array<const char*, kGridCodes> kCorineNames = {
    "Continuous urban fabric",
    "Discontinuous urban fabric",
    "Industrial or commercial units",
    "Road and rail networks and associated land",
    "Port areas",
    "Airports",
    "Mineral extraction sites",
    "Dump sites",
    "Construction sites",
    "Green urban areas",
    "Sport and leisure facilities",
    "Non-irrigated arable land",
    "Permanently irrigated land",
    "Rice fields",
    "Vineyards",
    "Fruit trees and berry plantations",
    "Olive groves",
    "Pastures",
    "Annual crops associated with permanent crops",
    "Complex cultivation patterns",
    "Land principally occupied by agriculture, with significant areas of natural vegetation",
    "Agro-forestry areas",
    "Broad-leaved forest",
    "Coniferous forest",
    "Mixed forest",
    "Natural grasslands",
    "Moors and heathland",
    "Sclerophyllous vegetation",
    "Transitional woodland-shrub",
    "Beaches, dunes, sands",
    "Bare rocks",
    "Sparsely vegetated areas",
    "Burnt areas",
    "Glaciers and perpetual snow",
    "Inland marshes",
    "Peat bogs",
    "Salt marshes",
    "Salines",
    "Intertidal flats",
    "Water courses",
    "Water bodies",
    "Coastal lagoons",
    "Estuaries",
    "Sea and ocean",
};

// The four that BigEarthNet spells in its own way.
std::string bigearthnet_name(int grid_code) {
  switch (kClcCodes[static_cast<std::size_t>(grid_code - 1)]) {
    case 321: return "Natural grassland";
    case 324: return "Transitional woodland/shrub";
    case 332: return "Bare rock";
    case 412: return "Peatbogs";
    default: return kCorineNames[static_cast<std::size_t>(grid_code - 1)];
  }
}

struct MergedClass {
  const char* name;
  std::vector<int> clc_codes;
};

// BigEarthNet's 19 classes; CLC codes outside the list carry no label.
const std::vector<MergedClass>& bigearthnet_19_classes() {
  static const std::vector<MergedClass> classes = {
      {"Urban fabric", {111, 112}},
      {"Industrial or commercial units", {121}},
      {"Arable land", {211, 212, 213}},
      {"Permanent crops", {221, 222, 223, 241}},
      {"Pastures", {231}},
      {"Complex cultivation patterns", {242}},
      {"Land principally occupied by agriculture, with significant areas of natural vegetation", {243}},
      {"Agro-forestry areas", {244}},
      {"Broad-leaved forest", {311}},
      {"Coniferous forest", {312}},
      {"Mixed forest", {313}},
      {"Natural grassland and sparsely vegetated areas", {321, 333}},
      {"Moors, heathland and sclerophyllous vegetation", {322, 323}},
      {"Transitional woodland, shrub", {324}},
      {"Beaches, dunes, sands", {331}},
      {"Inland wetlands", {411, 412}},
      {"Coastal wetlands", {421, 422}},
      {"Inland waters", {511, 512}},
      {"Marine waters", {521, 522, 523}},
  };
  return classes;
}

int grid_code_of_clc(std::int64_t clc_code) {
  const auto found = std::find(kClcCodes.begin(), kClcCodes.end(), clc_code);
  return found == kClcCodes.end() ? 0 : static_cast<int>(found - kClcCodes.begin()) + 1;
}

Nomenclature make_bigearthnet_19() {
  Nomenclature nomenclature{"bigearthnet-19", {}, {}};
  nomenclature.class_of_code.fill(-1);
  for (const MergedClass& merged : bigearthnet_19_classes()) {
    for (const int clc_code : merged.clc_codes) {
      nomenclature.class_of_code[static_cast<std::size_t>(grid_code_of_clc(clc_code))] =
          static_cast<int>(nomenclature.classes.size());
    }
    nomenclature.classes.emplace_back(merged.name);
  }
  return nomenclature;
}

// One class a grid code, but for those in `left_out`.
Nomenclature make_one_to_one(std::string name, std::string (*class_name)(int), int left_out) {
  Nomenclature nomenclature{std::move(name), {}, {}};
  nomenclature.class_of_code.fill(-1);
  for (int grid_code = 1; grid_code <= kGridCodes; ++grid_code) {
    if (grid_code == left_out) continue;
    nomenclature.class_of_code[static_cast<std::size_t>(grid_code)] = static_cast<int>(nomenclature.classes.size());
    nomenclature.classes.push_back(class_name(grid_code));
  }
  return nomenclature;
}

// The CORINE classes that a name or code stands for, as grid codes; none for "unlabelled".
// Empty when the text is no label.
std::optional<std::vector<int>> grid_codes_of_label(std::string_view label) {
  int number = 0;
  const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), number);
  if (error == std::errc() && end == label.data() + label.size()) {
    const Cover cover = read_cover(number);
    if (cover.kind == CoverKind::unknown) return std::nullopt;
    return cover.kind == CoverKind::land_cover ? std::vector{cover.grid_code} : std::vector<int>{};
  }
  for (int grid_code = 1; grid_code <= kGridCodes; ++grid_code) {
    if (label == kCorineNames[static_cast<std::size_t>(grid_code - 1)] || label == bigearthnet_name(grid_code))
      return std::vector{grid_code};
  }
  for (const MergedClass& merged : bigearthnet_19_classes()) {
    if (label != merged.name) continue;
    std::vector<int> grid_codes;
    for (const int clc_code : merged.clc_codes) grid_codes.push_back(grid_code_of_clc(clc_code));
    return grid_codes;
  }
  return std::nullopt;
}

Cover find_cover(std::int64_t value) {
  if (value >= 1 && value <= kGridCodes) return {CoverKind::land_cover, static_cast<int>(value)};
  if (const int grid_code = grid_code_of_clc(value)) return {CoverKind::land_cover, grid_code};
  // 48 and 999 no data, 49/50 and 990/995 unclassified land and water, 128 and 255 as distributed rasters fill.
  constexpr std::array<std::int64_t, 9> kUnlabelled = {0, 48, 49, 50, 128, 255, 990, 995, 999};
  const bool is_unlabelled = std::find(kUnlabelled.begin(), kUnlabelled.end(), value) != kUnlabelled.end();
  return {is_unlabelled ? CoverKind::unlabelled : CoverKind::unknown, 0};
}

}  // namespace

Cover read_cover(std::int64_t value) {
  // Asked for every pixel: a look into a table instead of a search.
  constexpr std::size_t kValues = 1024;
  static const std::array<Cover, kValues> covers = [] {
    std::array<Cover, kValues> all;
    for (std::size_t known = 0; known < kValues; ++known) all[known] = find_cover(static_cast<std::int64_t>(known));
    return all;
  }();
  return value >= 0 && value < std::int64_t{kValues} ? covers[static_cast<std::size_t>(value)] : Cover{};
}

int class_of_label(const Nomenclature& nomenclature, std::string_view label) {
  const auto grid_codes = grid_codes_of_label(label);
  if (!grid_codes) throw Error(ErrorKind::input, fmt::format("'{}' is no land-cover class or code", label));
  std::set<int> classes;
  for (const int grid_code : *grid_codes) {
    classes.insert(nomenclature.class_of_code[static_cast<std::size_t>(grid_code)]);
  }
  if (classes.size() <= 1) return classes.empty() ? -1 : *classes.begin();
  throw Error(ErrorKind::input,
              fmt::format("'{}' stands for several classes of {}; choose --nomenclature bigearthnet-19", label,
                          nomenclature.name));
}

Nomenclature make_nomenclature(std::string_view name) {
  constexpr int kGlaciers = 34;  // CLC 335, which BigEarthNet's 43 classes leave out
  if (name == "bigearthnet-19") return make_bigearthnet_19();
  if (name == "bigearthnet-43") return make_one_to_one("bigearthnet-43", bigearthnet_name, kGlaciers);
  if (name == "corine-44") {
    return make_one_to_one(
        "corine-44", [](int code) { return std::string(kCorineNames[static_cast<std::size_t>(code - 1)]); }, 0);
  }
  throw Error(ErrorKind::usage,
              fmt::format("--nomenclature '{}' is unknown; choose {}", name, fmt::join(kNomenclatureNames, ", ")));
}

}  // namespace eoshard
