// Names of patches as lists write them: BigEarthNet v2's form, which is ours, and v1's, which lacks the MGRS tile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libingest/core/types.hpp"

namespace eoshard::ingest {

/// Which satellite, and when it began to sense: all that a v1 name says of its product.
struct Overpass {
  std::string mission;          ///< "S2A"
  std::int64_t sensed_utc = 0;  ///< seconds since 1970
  auto operator<=>(const Overpass&) const = default;
};

struct PatchName {
  /// v2 form: the product part without its field Nxxxx, which differs between processings of one scene. v1: empty.
  std::string product;
  Overpass overpass;  ///< v1 form only
  PatchPosition position;

  bool has_product() const { return !product.empty(); }
  auto operator<=>(const PatchName&) const = default;
};

/// Reads `S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57` or v1's `S2A_MSIL2A_20170613T101031_26_57`; in the
/// latter the hour may lack its zero and the seconds may pass 59 (`20180204T94161` is 09:42:01). Columns and rows may
/// be padded or not. Empty for any other text.
std::optional<PatchName> parse_patch_name(std::string_view text);

/// `PatchName::product` of the patches of a product, from its id stem.
std::string product_part(const std::string& id_stem);

/// Satellite and time of a product. @throws Error{input} unless `acquired` begins as "2022-07-06T08:56:11".
Overpass overpass_of(const Product& product);

}  // namespace eoshard::ingest
