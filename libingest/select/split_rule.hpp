// Which split a patch belongs to: a pure function of its place, its product's tile and the seed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "libingest/core/types.hpp"

namespace eoshard::ingest {

struct SplitRule {
  enum class Kind {
    random,    ///< every ground square draws for itself
    rings,     ///< BigEarthNet v2's: by the distance from the granule's edge
    products,  ///< every MGRS tile draws for all its products
    blocks,    ///< every square of `block_m` metres in its UTM zone draws for the patches whose centres it holds
    lists,     ///< files say it
  };

  Kind kind = Kind::random;
  std::array<int, 3> percent = {70, 15, 15};
  std::int64_t block_m = 0;
  std::array<std::string, 3> lists;  ///< files of patch ids; an empty name: no list
  std::uint64_t seed = 0;
};

/// Reads "random:70/15/15", "rings", "products:70/15/15", "blocks:KM:70/15/15" or "lists:TRAIN,VALIDATION,TEST".
/// @throws Error{usage} for anything else, e.g. shares that don't add up to 100.
SplitRule parse_split_rule(const std::string& text, std::uint64_t seed);

/// Index into kSplitNames, for every rule but `lists`.
int split_of(const Product& product, PatchPosition position, const SplitRule& rule);

/// Whether a patch's split follows from its ground square and the rule alone: two products never differ then.
bool goes_by_square_alone(const SplitRule& rule);

/// Two products that would put one ground square into different splits.
struct SplitConflict {
  std::size_t first = 0;
  std::size_t second = 0;
  GroundSquare square;
};

/// No ground square may be in two splits, whatever the dates. `random` and `blocks` look at nothing but the square;
/// `rings` and `products` agree on real products, since those of one tile lie alike and the grids of neighbouring tiles
/// (100 km apart, no multiple of 1,200 m) share no square. This finds products for which that is not so.
std::optional<SplitConflict> find_split_conflict(std::span<const Product> products, const SplitRule& rule);

}  // namespace eoshard::ingest
