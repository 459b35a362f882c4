// Names and times of the synthetic products, by Sentinel-2's naming convention.
#pragma once

#include <string>
#include <string_view>

#include "tools/eoshard-synth/baseline.hpp"

namespace eoshard::synth {

struct ProductName {
  std::string mission;    ///< "S2A"
  std::string sensed;     ///< "20220607T102601"
  std::string processed;  ///< the same day, later
  std::string orbit;      ///< relative orbit, "R108"
  std::string tile;       ///< "T32ULV"
  std::string baseline_digits;
  int absolute_orbit = 0;

  std::string product() const;  ///< "S2A_MSIL2A_20220607T102601_N0400_R108_T32ULV_20220607T153000"
  std::string granule() const;  ///< "L2A_T32ULV_A036012_20220607T102601"
  std::string identifier(std::string_view level_and_kind) const;  ///< "S2A_OPER_MSI_<level_and_kind>_..._N04.00"
};

/// The name of product `number`; each has its own sensing time.
ProductName name_product(const Baseline& baseline, const std::string& tile, int number);

/// "20220607T102601" as "2022-06-07T10:26:01.024Z".
std::string iso_time(std::string_view compact);

/// The tile `columns` to the east and `rows` to the south of `tile`; the letters go round.
/// @throws Error{usage} unless `tile` is like T32ULV.
std::string neighbour_tile(const std::string& tile, int columns, int rows);

}  // namespace eoshard::synth
