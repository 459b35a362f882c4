// What a processing baseline changes in a Level-2A product.
#pragma once

#include <string>
#include <string_view>

#include "libingest/core/checksum.hpp"

namespace eoshard::synth {

/// The rules of one baseline, "02.14".
struct Baseline {
  std::string name;
  bool has_l2a_names = false;    ///< up to 02.06: files begin with L2A_, and the XML has its first spellings
  bool is_georeferenced = true;  ///< the JP2s carry their geocoding, from 02.07 on
  int boa_add_offset = 0;        ///< -1000 from 04.00 on
  ChecksumKind checksum = ChecksumKind::md5;  ///< SHA3-256 from 05.00 on
  int sensing_year = 0;                       ///< a year in which products were made with it

  std::string digits() const { return name.substr(0, 2) + name.substr(3); }  ///< "0214"
};

/// @throws Error{usage} unless `name` is two digits, a point, two digits, from 02.00 to 05.99.
Baseline parse_baseline(std::string_view name);

}  // namespace eoshard::synth
