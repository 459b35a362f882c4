#include "tools/eoshard-synth/product_name.hpp"

#include <fmt/format.h>

#include <chrono>

#include "libingest/core/error.hpp"

namespace eoshard::synth {
namespace {

// MGRS leaves out I and O, and letters rows A to V only.
constexpr std::string_view kColumnLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ";
constexpr std::string_view kRowLetters = "ABCDEFGHJKLMNPQRSTUV";

constexpr int kDaysBetweenProducts = 5;  // the revisit time of both satellites

bool is_among(std::string_view letters, char letter) { return letters.find(letter) != std::string_view::npos; }

bool is_mgrs_tile(std::string_view tile) {
  const auto is_digit = [](char character) { return character >= '0' && character <= '9'; };
  return tile.size() == 6 && tile[0] == 'T' && is_digit(tile[1]) && is_digit(tile[2]) &&
         is_among(kColumnLetters, tile[3]) && is_among(kColumnLetters, tile[4]) && is_among(kRowLetters, tile[5]);
}

std::string date_of(int year, int days) {
  using namespace std::chrono;
  const year_month_day date{sys_days{std::chrono::year{year} / June / 7} + std::chrono::days{days}};
  return fmt::format("{:04}{:02}{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

}  // namespace

std::string ProductName::product() const {
  return fmt::format("{}_MSIL2A_{}_N{}_{}_{}_{}", mission, sensed, baseline_digits, orbit, tile, processed);
}

std::string ProductName::granule() const { return fmt::format("L2A_{}_A{:06}_{}", tile, absolute_orbit, sensed); }

std::string ProductName::identifier(std::string_view level_and_kind) const {
  return fmt::format("{}_OPER_MSI_{}_XXXX_{}_A{:06}_{}_N{}.{}", mission, level_and_kind, processed, absolute_orbit,
                     tile, baseline_digits.substr(0, 2), baseline_digits.substr(2));
}

// Dates stay within the baseline's year for the first forty products, then go on.
ProductName name_product(const Baseline& baseline, const std::string& tile, int number) {
  const std::string date = date_of(baseline.sensing_year, kDaysBetweenProducts * number);
  ProductName name;
  name.mission = number % 2 == 0 ? "S2A" : "S2B";
  name.sensed = fmt::format("{}T1026{:02}", date, 1 + number % 59);
  name.processed = fmt::format("{}T153000", date);
  name.orbit = "R108";
  name.tile = tile;
  name.baseline_digits = baseline.digits();
  name.absolute_orbit = 10000 + 72 * number;
  return name;
}

std::string iso_time(std::string_view compact) {
  return fmt::format("{}-{}-{}T{}:{}:{}.024Z", compact.substr(0, 4), compact.substr(4, 2), compact.substr(6, 2),
                     compact.substr(9, 2), compact.substr(11, 2), compact.substr(13, 2));
}

std::string neighbour_tile(const std::string& tile, int columns, int rows) {
  if (!is_mgrs_tile(tile))
    throw Error(ErrorKind::usage, fmt::format("'{}' is no MGRS tile; write it like T32ULV", tile));
  const std::size_t column = kColumnLetters.find(tile[4]), row = kRowLetters.find(tile[5]);
  const auto row_count = static_cast<int>(kRowLetters.size());
  std::string neighbour = tile;
  neighbour[4] = kColumnLetters[(column + static_cast<std::size_t>(columns)) % kColumnLetters.size()];
  neighbour[5] = kRowLetters[(row + static_cast<std::size_t>(row_count - rows % row_count)) % kRowLetters.size()];
  return neighbour;
}

}  // namespace eoshard::synth
