#include "libingest/select/split_rule.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "libingest/core/counter_random.hpp"
#include "libingest/core/error.hpp"

namespace eoshard::ingest {

SplitRule parse_split_rule(const std::string& text, std::uint64_t seed) {
  SplitRule rule;
  rule.seed = seed;
  int consumed = 0;
  auto& [train, validation, test] = rule.percent;
  const int fields = std::sscanf(text.c_str(), "random:%3d/%3d/%3d%n", &train, &validation, &test, &consumed);
  const bool is_read = fields == 3 && consumed == static_cast<int>(text.size());
  if (!is_read || train < 0 || validation < 0 || test < 0 || train + validation + test != 100) {
    throw Error(
        ErrorKind::usage,
        fmt::format("--split '{}': expected random:TRAIN/VALIDATION/TEST in per cent, e.g. random:70/15/15", text));
  }
  return rule;
}

int split_of(const GroundSquare& square, const SplitRule& rule) {
  const auto easting = static_cast<std::uint64_t>(square.ulx_m) & 0xffffffff;
  const auto northing = static_cast<std::uint64_t>(square.uly_m) & 0xffffffff;
  const double draw = 100 * random_unit(rule.seed, static_cast<std::uint64_t>(square.epsg), easting << 32 | northing);
  if (draw < rule.percent[0]) return 0;
  return draw < rule.percent[0] + rule.percent[1] ? 1 : 2;
}

}  // namespace eoshard::ingest
