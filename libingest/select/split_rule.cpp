#include "libingest/select/split_rule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <tuple>
#include <vector>

#include "libingest/core/counter_random.hpp"
#include "libingest/core/error.hpp"
#include "libingest/select/patch_grid.hpp"

namespace eoshard::ingest {
namespace {

using Kind = SplitRule::Kind;

// What a number is drawn for; `random` has none, so that it draws what it always drew.
enum class Draw : std::uint64_t { square = 0, tile = 1, block = 2 };

bool parse_shares(const std::string& text, std::array<int, 3>& percent) {
  int consumed = 0;
  auto& [train, validation, test] = percent;
  const int fields = std::sscanf(text.c_str(), "%3d/%3d/%3d%n", &train, &validation, &test, &consumed);
  return fields == 3 && consumed == static_cast<int>(text.size()) && train >= 0 && validation >= 0 && test >= 0 &&
         train + validation + test == 100;
}

// "KM:70/15/15"
bool parse_blocks(const std::string& text, SplitRule& rule) {
  double side_km = 0;
  int consumed = 0;
  if (std::sscanf(text.c_str(), "%lf:%n", &side_km, &consumed) != 1 || consumed == 0) return false;
  if (!(side_km * 1000 >= kPatchSizeM && side_km <= 10000)) return false;
  rule.block_m = std::llround(side_km * 1000);
  return parse_shares(text.substr(static_cast<std::size_t>(consumed)), rule.percent);
}

// "TRAIN,VALIDATION,TEST"
bool parse_lists(const std::string& text, std::array<std::string, 3>& lists) {
  if (std::count(text.begin(), text.end(), ',') != 2) return false;
  const auto first = text.find(','), second = text.rfind(',');
  lists = {text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1)};
  return std::any_of(lists.begin(), lists.end(), [](const std::string& list) { return !list.empty(); });
}

// What follows "name:" in `text`; nothing when it begins otherwise.
std::optional<std::string> argument_of(const std::string& name, const std::string& text) {
  if (!text.starts_with(name + ":")) return std::nullopt;
  return text.substr(name.size() + 1);
}

bool parse_rule(const std::string& text, SplitRule& rule) {
  if (text == "rings") {
    rule.kind = Kind::rings;
    return true;
  }
  if (const auto shares = argument_of("random", text)) return parse_shares(*shares, rule.percent);
  if (const auto shares = argument_of("products", text)) {
    rule.kind = Kind::products;
    return parse_shares(*shares, rule.percent);
  }
  if (const auto blocks = argument_of("blocks", text)) {
    rule.kind = Kind::blocks;
    return parse_blocks(*blocks, rule);
  }
  if (const auto lists = argument_of("lists", text)) {
    rule.kind = Kind::lists;
    return parse_lists(*lists, rule.lists);
  }
  return false;
}

int draw_split(const SplitRule& rule, Draw draw, std::uint64_t zone, std::uint64_t key) {
  const double drawn = 100 * random_unit(rule.seed, static_cast<std::uint64_t>(draw) << 32 | zone, key);
  if (drawn < rule.percent[0]) return 0;
  return drawn < rule.percent[0] + rule.percent[1] ? 1 : 2;
}

std::uint64_t join(std::int64_t east, std::int64_t north) {
  return (static_cast<std::uint64_t>(east) & 0xffffffff) << 32 | (static_cast<std::uint64_t>(north) & 0xffffffff);
}

int split_of_square(const GroundSquare& square, const SplitRule& rule) {
  return draw_split(rule, Draw::square, static_cast<std::uint64_t>(square.epsg), join(square.ulx_m, square.uly_m));
}

// "T32ULV" has six characters: they fit into the key as they are.
int split_of_tile(const std::string& tile, const SplitRule& rule) {
  std::uint64_t key = 0;
  for (const char character : tile) key = key << 8 | static_cast<unsigned char>(character);
  return draw_split(rule, Draw::tile, 0, key);
}

std::int64_t floor_divide(std::int64_t value, std::int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

int split_of_block(const GroundSquare& square, const SplitRule& rule) {
  const std::int64_t column = floor_divide(square.ulx_m + kPatchSizeM / 2, rule.block_m);
  const std::int64_t row = floor_divide(square.uly_m - kPatchSizeM / 2, rule.block_m);
  return draw_split(rule, Draw::block, static_cast<std::uint64_t>(square.epsg), join(column, row));
}

// Clasen et al., "reBEN: Refined BigEarthNet Dataset" (2024): an outer ring of width s(2 - √2)/4 for training and one
// of s(√2 - 1)/4 inside it for validation leave a core for test: 50, 25 and 25 % of the granule of side s.
int split_of_ring(const GranuleGeometry& geometry, PatchPosition position) {
  const double side_m = double{kFinestResolutionM} * geometry.size_10m_px;
  const double outer_m = side_m * (2 - std::sqrt(2.0)) / 4;
  const double inner_m = outer_m + side_m * (std::sqrt(2.0) - 1) / 4;
  const double x = (position.column + 0.5) * kPatchSizeM, y = (position.row + 0.5) * kPatchSizeM;
  const double from_edge_m = std::min({x, side_m - x, y, side_m - y});
  if (from_edge_m < outer_m) return 0;
  return from_edge_m < inner_m ? 1 : 2;
}

// --- products that share ground squares

// Upper-left corners of a product's patches: from `begin` by kPatchSizeM, `count` of them, along one axis.
struct Corners {
  std::int64_t begin;
  std::int64_t count;
};

// Positions in `a` whose corners are in `b` too; empty unless the two grids coincide.
std::pair<std::int64_t, std::int64_t> shared_range(const Corners& a, const Corners& b) {
  const std::int64_t shift = b.begin - a.begin;
  if (shift % kPatchSizeM != 0) return {0, 0};
  const std::int64_t first = shift / kPatchSizeM;
  return {std::max<std::int64_t>(0, first), std::min(a.count, first + b.count)};
}

std::optional<GroundSquare> find_square_in_two_splits(const Product& a, const Product& b, const SplitRule& rule) {
  if (a.geometry.epsg != b.geometry.epsg) return std::nullopt;
  const PatchGrid grid_a = make_patch_grid(a.geometry), grid_b = make_patch_grid(b.geometry);
  const GroundSquare corner_a = ground_square(a.geometry, {0, 0}), corner_b = ground_square(b.geometry, {0, 0});
  // Rows go south: the negated northing grows with them.
  const auto columns = shared_range({corner_a.ulx_m, grid_a.columns}, {corner_b.ulx_m, grid_b.columns});
  const auto rows = shared_range({-corner_a.uly_m, grid_a.rows}, {-corner_b.uly_m, grid_b.rows});
  const auto shift_columns = (corner_b.ulx_m - corner_a.ulx_m) / kPatchSizeM;
  const auto shift_rows = (corner_a.uly_m - corner_b.uly_m) / kPatchSizeM;
  for (auto row = rows.first; row < rows.second; ++row) {
    for (auto column = columns.first; column < columns.second; ++column) {
      const PatchPosition in_a{static_cast<int>(column), static_cast<int>(row)};
      const PatchPosition in_b{static_cast<int>(column - shift_columns), static_cast<int>(row - shift_rows)};
      if (split_of(a, in_a, rule) != split_of(b, in_b, rule)) return ground_square(a.geometry, in_a);
    }
  }
  return std::nullopt;
}

// One product of each tile and placement: all others like it get the same splits.
std::vector<std::size_t> distinct_placements(std::span<const Product> products) {
  std::map<std::tuple<std::string, int, double, double, int>, std::size_t> first;
  for (std::size_t index = 0; index < products.size(); ++index) {
    const GranuleGeometry& geometry = products[index].geometry;
    first.try_emplace({products[index].mgrs_tile, geometry.epsg, geometry.ulx_m, geometry.uly_m, geometry.size_10m_px},
                      index);
  }
  std::vector<std::size_t> indices;
  for (const auto& [placement, index] : first) indices.push_back(index);
  return indices;
}

}  // namespace

SplitRule parse_split_rule(const std::string& text, std::uint64_t seed) {
  SplitRule rule;
  rule.seed = seed;
  if (parse_rule(text, rule)) return rule;
  throw Error(
      ErrorKind::usage,
      fmt::format("--split '{}': expected random:70/15/15, rings, products:70/15/15, blocks:KM:70/15/15 (shares "
                  "of train, validation and test in per cent that add up to 100; blocks of 1.2 km or more) or "
                  "lists:TRAIN,VALIDATION,TEST (files of patch ids)",
                  text));
}

int split_of(const Product& product, PatchPosition position, const SplitRule& rule) {
  switch (rule.kind) {
    case Kind::random: return split_of_square(ground_square(product.geometry, position), rule);
    case Kind::rings: return split_of_ring(product.geometry, position);
    case Kind::products: return split_of_tile(product.mgrs_tile, rule);
    case Kind::blocks: return split_of_block(ground_square(product.geometry, position), rule);
    case Kind::lists: break;
  }
  throw Error(ErrorKind::internal, "lists of patches are no rule to compute a split from");
}

bool goes_by_square_alone(const SplitRule& rule) { return rule.kind == Kind::random || rule.kind == Kind::blocks; }

std::optional<SplitConflict> find_split_conflict(std::span<const Product> products, const SplitRule& rule) {
  if (rule.kind != Kind::rings && rule.kind != Kind::products) return std::nullopt;
  const std::vector<std::size_t> placements = distinct_placements(products);
  for (std::size_t second = 1; second < placements.size(); ++second) {
    for (std::size_t first = 0; first < second; ++first) {
      const auto square = find_square_in_two_splits(products[placements[first]], products[placements[second]], rule);
      if (square) return SplitConflict{placements[first], placements[second], *square};
    }
  }
  return std::nullopt;
}

}  // namespace eoshard::ingest
