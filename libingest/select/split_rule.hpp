// Which split a patch belongs to: a pure function of the ground square under it and the seed.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "libingest/core/types.hpp"

namespace eoshard::ingest {

/// "random:70/15/15": shares of train, validation and test.
struct SplitRule {
  std::array<int, 3> percent = {70, 15, 15};
  std::uint64_t seed = 0;
};

/// @throws Error{usage} unless `text` is "random:A/B/C" with whole numbers that add up to 100.
SplitRule parse_split_rule(const std::string& text, std::uint64_t seed);

/// Index into kSplitNames. The same square gets the same split whatever the date or product, so none is in two.
int split_of(const GroundSquare& square, const SplitRule& rule);

}  // namespace eoshard::ingest
