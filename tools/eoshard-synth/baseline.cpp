#include "tools/eoshard-synth/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "libingest/core/error.hpp"

namespace eoshard::synth {
namespace {

bool is_well_formed(std::string_view name) {
  const auto is_digit = [](char character) { return std::isdigit(static_cast<unsigned char>(character)) != 0; };
  return name.size() == 5 && name[2] == '.' && std::ranges::count_if(name, is_digit) == 4;
}

int year_of(std::string_view name) {
  if (name <= "02.06") return 2017;
  if (name < "04.00") return 2020;
  return name < "05.00" ? 2022 : 2024;
}

}  // namespace

// Two digits on both sides of the point: text order is version order.
Baseline parse_baseline(std::string_view name) {
  if (!is_well_formed(name) || name < "02.00" || name > "05.99") {
    throw Error(ErrorKind::usage,
                fmt::format("'{}' is no processing baseline; write it like 02.06, 02.14, 04.00 or 05.11", name));
  }
  Baseline baseline{std::string(name)};
  baseline.has_l2a_names = name <= "02.06";
  baseline.is_georeferenced = !baseline.has_l2a_names;
  baseline.boa_add_offset = name >= "04.00" ? -1000 : 0;
  baseline.checksum = name >= "05.00" ? ChecksumKind::sha3_256 : ChecksumKind::md5;
  baseline.sensing_year = year_of(name);
  return baseline;
}

}  // namespace eoshard::synth
