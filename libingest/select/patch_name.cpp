#include "libingest/select/patch_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Up to `max_digits` digits and nothing else.
std::optional<int> parse_digits(std::string_view text, std::size_t max_digits) {
  if (!all_digits(text) || text.size() > max_digits) return std::nullopt;
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Cuts the last field off `text` and reads it as a column or row.
std::optional<int> take_last_number(std::string_view& text) {
  const auto underscore = text.rfind('_');
  if (underscore == std::string_view::npos) return std::nullopt;
  const auto number = parse_digits(text.substr(underscore + 1), 4);
  text = text.substr(0, underscore);
  return number;
}

std::optional<std::int64_t> seconds_since_1970(int date, int hours, int minutes, int seconds) {
  namespace chrono = std::chrono;
  const chrono::year_month_day day{chrono::year(date / 10000), chrono::month(static_cast<unsigned>(date / 100 % 100)),
                                   chrono::day(static_cast<unsigned>(date % 100))};
  if (!day.ok() || hours > 23 || minutes > 59) return std::nullopt;
  const auto days = chrono::sys_days(day).time_since_epoch().count();
  return ((std::int64_t{days} * 24 + hours) * 60 + minutes) * 60 + seconds;
}

// "S2B_MSIL2A_20180204T94161"
std::optional<Overpass> parse_v1_product(std::string_view text) {
  constexpr std::string_view kLevel = "_MSIL2A_";
  constexpr std::size_t kMission = 3, kDate = kMission + kLevel.size(), kTime = kDate + 9;
  if (text.size() < kTime || !text.starts_with("S2") || text.substr(kMission, kLevel.size()) != kLevel)
    return std::nullopt;
  const auto date = parse_digits(text.substr(kDate, 8), 8);
  const auto time = parse_digits(text.substr(kTime), 6);  // (H)HMMSS
  if (!date || !time || text[kTime - 1] != 'T') return std::nullopt;
  const auto sensed = seconds_since_1970(*date, *time / 10000, *time / 100 % 100, *time % 100);
  if (!sensed) return std::nullopt;
  return Overpass{std::string(text.substr(0, kMission)), *sensed};
}

bool is_baseline_field(std::string_view field) {
  return field.size() == 6 && field.starts_with("_N") && all_digits(field.substr(2));
}

// "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP" → "S2A_MSIL2A_20170613T101031_R022_T33UUP"
std::string without_baseline(std::string text) {
  for (auto begin = text.find('_'); begin != std::string::npos; begin = text.find('_', begin + 1)) {
    const auto end = std::min(text.find('_', begin + 1), text.size());
    if (is_baseline_field(std::string_view(text).substr(begin, end - begin))) return text.erase(begin, end - begin);
  }
  return text;
}

}  // namespace

std::optional<PatchName> parse_patch_name(std::string_view text) {
  const auto row = take_last_number(text);
  const auto column = take_last_number(text);
  if (!row || !column || !text.starts_with("S2")) return std::nullopt;
  const PatchPosition position{*column, *row};
  if (auto overpass = parse_v1_product(text)) return PatchName{"", std::move(*overpass), position};
  if (text.find("_T") == std::string_view::npos) return std::nullopt;  // names no tile
  return PatchName{without_baseline(std::string(text)), {}, position};
}

std::string product_part(const std::string& id_stem) { return without_baseline(id_stem); }

Overpass overpass_of(const Product& product) {
  int year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0;
  const int fields =
      std::sscanf(product.acquired.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hours, &minutes, &seconds);
  const auto sensed = seconds_since_1970(year * 10000 + month * 100 + day, hours, minutes, seconds);
  if (fields != 6 || !sensed)
    throw Error(ErrorKind::input, fmt::format("PRODUCT_START_TIME '{}' is no time", product.acquired));
  return {product.id_stem.substr(0, 3), *sensed};
}

}  // namespace eoshard::ingest
