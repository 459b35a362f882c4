#include "libingest/product/product_identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

// 'd' stands for a digit, 'a' for a capital letter, 'm' for one of the mission's four; any other for itself.
bool has_form(std::string_view text, std::string_view form) {
  return std::ranges::equal(text, form, [](char character, char expected) {
    const bool is_digit = character >= '0' && character <= '9';
    if (expected == 'd') return is_digit;
    if (expected == 'a') return character >= 'A' && character <= 'Z';
    if (expected == 'm') return character >= 'A' && character <= 'D';
    return character == expected;
  });
}

constexpr std::size_t kBaselineBegin = 26;  // of "_N0205" in an id stem
constexpr std::size_t kBaselineLength = 6;

// Text order is age order: four digits, then a time.
auto age_of(const Candidate& candidate) {
  return std::tuple(candidate.id_stem.substr(kBaselineBegin, kBaselineLength), candidate.processed);
}

[[noreturn]] void refuse_same(const Candidate& first, const Candidate& second) {
  throw Error(ErrorKind::input,
              fmt::format("{} and {} would give their patches the same ids ({}_…); name only one of them", first.source,
                          second.source, first.id_stem));
}

}  // namespace

std::string IdStem::text() const {
  const std::string stem =
      fmt::format("{}_MSIL2A_{}_N{}_R{:03}_{}", spacecraft, sensed, baseline, relative_orbit, mgrs_tile);
  if (has_form(stem, "S2m_MSIL2A_ddddddddTdddddd_Ndddd_Rddd_Tddaaa")) return stem;
  throw Error(
      ErrorKind::input,
      fmt::format("the metadata give no patch ids: '{}' is not like S2A_MSIL2A_20170613T101031_N0205_R022_T33UUP",
                  stem));
}

bool is_compact_name(std::string_view name) {
  return has_form(name, "S2m_MSIL2A_ddddddddTdddddd_Ndddd_Rddd_Tddaaa_ddddddddTdddddd");
}

bool is_mgrs_tile(std::string_view tile) { return has_form(tile, "Tddaaa"); }

std::string compact_time(std::string_view iso_time) {
  std::string compact;
  for (const char character : iso_time.substr(0, iso_time.find('.'))) {
    if ((character >= '0' && character <= '9') || character == 'T') compact += character;
  }
  return compact;
}

std::string spacecraft_code(std::string_view spacecraft_name) {
  constexpr std::string_view kMission = "Sentinel-";
  const auto found = spacecraft_name.find(kMission);
  if (found == std::string_view::npos) return "";
  return fmt::format("S{}", spacecraft_name.substr(found + kMission.size()));
}

std::string scene_of(const std::string& id_stem) {
  std::string scene = id_stem;
  return scene.erase(kBaselineBegin, kBaselineLength);
}

std::vector<Superseded> find_superseded(std::span<const Candidate> candidates) {
  std::map<std::string, std::size_t> newest;
  for (std::size_t index = 0; index < candidates.size(); ++index) {
    std::size_t& kept = newest.emplace(scene_of(candidates[index].id_stem), index).first->second;
    if (age_of(candidates[kept]) < age_of(candidates[index])) kept = index;
  }
  std::vector<Superseded> superseded;
  for (std::size_t index = 0; index < candidates.size(); ++index) {
    const std::size_t kept = newest.at(scene_of(candidates[index].id_stem));
    if (kept == index) continue;
    if (age_of(candidates[kept]) == age_of(candidates[index])) refuse_same(candidates[kept], candidates[index]);
    superseded.push_back({index, kept});
  }
  return superseded;
}

}  // namespace eoshard::ingest
