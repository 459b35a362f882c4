#include "libingest/select/split_rule.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "libingest/core/error.hpp"
#include "libingest/select/patch_grid.hpp"

namespace eoshard::ingest {
namespace {

Product make_product(const std::string& tile, const GranuleGeometry& geometry) {
  Product product;
  product.name = "S2A_MSIL2A_20220706T085611_N0400_R007_" + tile + "_20220706T153419";
  product.mgrs_tile = tile;
  product.geometry = geometry;
  return product;
}

// A full granule that stands at (column, row) of a net of tiles 100 km apart.
Product make_tile(int column, int row) {
  std::string tile = "T32U";
  tile += static_cast<char>('A' + column);
  tile += static_cast<char>('A' + row);
  return make_product(tile, {32632, 300000.0 + 100000 * column, 5500020.0 - 100000 * row, 10980});
}

const Product kGranule = make_tile(0, 0);

template <class Visit>
void for_each_patch(const Product& product, const Visit& visit) {
  const PatchGrid grid = make_patch_grid(product.geometry);
  for (int index = 0; index < grid.count(); ++index) visit(grid.position_of(index));
}

// Shares of train, validation and test among all patches of some products.
std::array<double, 3> shares(const std::vector<Product>& products, const SplitRule& rule) {
  std::array<double, 3> counts{};
  double all = 0;
  for (const Product& product : products) {
    for_each_patch(product, [&](PatchPosition position) {
      ++counts[static_cast<std::size_t>(split_of(product, position, rule))];
      ++all;
    });
  }
  return {counts[0] / all, counts[1] / all, counts[2] / all};
}

std::vector<Product> make_tiles(int side) {
  std::vector<Product> tiles;
  for (int index = 0; index < side * side; ++index) tiles.push_back(make_tile(index % side, index / side));
  return tiles;
}

TEST(SplitRule, RandomSharesAreKeptWithinChance) {
  const auto found = shares({kGranule}, parse_split_rule("random:70/15/15", 0));
  EXPECT_NEAR(found[0], 0.70, 0.025);  // five standard deviations of 8,281 draws
  EXPECT_NEAR(found[1], 0.15, 0.02);
}

TEST(SplitRule, RandomDrawsStayWhatTheyWere) {
  // Datasets that exist were split by these draws.
  const SplitRule rule = parse_split_rule("random:34/33/33", 5);
  std::string drawn;
  for (int column = 0; column < 20; ++column) drawn += std::to_string(split_of(kGranule, {column, 7}, rule));
  EXPECT_EQ(drawn, "11101102110110121122");
}

TEST(SplitRule, DependsOnTheSeed) {
  for (const char* text : {"random:34/33/33", "products:34/33/33", "blocks:3:34/33/33"}) {
    int differing = 0;
    for (const Product& tile : make_tiles(10)) {
      differing +=
          split_of(tile, {4, 5}, parse_split_rule(text, 5)) != split_of(tile, {4, 5}, parse_split_rule(text, 6));
    }
    EXPECT_GT(differing, 40) << text;
  }
}

TEST(SplitRule, AllOfOneSplitLeavesTheOthersEmpty) {
  for (const char* text : {"random:0/0/100", "products:0/0/100", "blocks:5:0/0/100"}) {
    EXPECT_EQ(shares({kGranule}, parse_split_rule(text, 0))[2], 1) << text;
  }
}

TEST(SplitRule, RingsAreHalfAQuarterAndAQuarterOfTheGranule) {
  const SplitRule rule = parse_split_rule("rings", 0);
  const auto found = shares({kGranule}, rule);
  EXPECT_NEAR(found[0], 0.50, 0.02);  // whole patches by their centre, and no patch in the last 600 m
  EXPECT_NEAR(found[1], 0.25, 0.02);
  EXPECT_NEAR(found[2], 0.25, 0.02);
}

TEST(SplitRule, RingsGoByThePatchsCentreAndTheGranulesOwnSide) {
  const SplitRule rule = parse_split_rule("rings", 0);
  // 109,800 m: train ends 16,080 m from the edge, validation 27,450 m. Centres lie at 600 + 1,200 c.
  EXPECT_EQ(split_of(kGranule, {12, 45}, rule), 0);  // 15,000
  EXPECT_EQ(split_of(kGranule, {13, 45}, rule), 1);  // 16,200
  EXPECT_EQ(split_of(kGranule, {22, 45}, rule), 1);  // 27,000
  EXPECT_EQ(split_of(kGranule, {23, 45}, rule), 2);  // 28,200
  EXPECT_EQ(split_of(kGranule, {45, 90}, rule), 0);
  EXPECT_EQ(split_of(kGranule, {45, 78}, rule), 0);  // 109,800 - 94,200 = 15,600
  EXPECT_EQ(split_of(kGranule, {45, 77}, rule), 1);
  const Product small = make_product("T32UAA", {32632, 300000, 5500020, 2400});  // 24,000 m: 3,515 and 6,000 m
  EXPECT_EQ(split_of(small, {2, 10}, rule), 0);
  EXPECT_EQ(split_of(small, {3, 10}, rule), 1);
  EXPECT_EQ(split_of(small, {4, 10}, rule), 1);
  EXPECT_EQ(split_of(small, {5, 10}, rule), 2);
}

TEST(SplitRule, TheGroundThatNeighbouringTilesShareIsTrainInBoth) {
  // Tiles of one zone overlap by 9.8 km, the outer ring is 16 km wide: rings of neighbours never disagree on ground.
  const SplitRule rule = parse_split_rule("rings", 0);
  for (const Product& tile : make_tiles(3)) {
    for_each_patch(tile, [&](PatchPosition position) {
      const double x = position.column * kPatchSizeM, y = position.row * kPatchSizeM;
      const bool is_shared = x < 9800 || y < 9800 || x + kPatchSizeM > 100000 || y + kPatchSizeM > 100000;
      EXPECT_TRUE(!is_shared || split_of(tile, position, rule) == 0);
    });
  }
}

TEST(SplitRule, ProductsOfATileGoTogether) {
  const SplitRule rule = parse_split_rule("products:70/15/15", 3);
  Product later = kGranule;
  later.name = "S2B_MSIL2A_20230801T085611_N0510_R007_T32UAA_20230801T153419";
  for_each_patch(kGranule, [&](PatchPosition position) {
    EXPECT_EQ(split_of(kGranule, position, rule), split_of(kGranule, {0, 0}, rule));
    EXPECT_EQ(split_of(later, position, rule), split_of(kGranule, {0, 0}, rule));
  });
  std::array<int, 3> counts{};
  for (const Product& tile : make_tiles(26)) ++counts[static_cast<std::size_t>(split_of(tile, {0, 0}, rule))];
  EXPECT_NEAR(counts[0] / 676.0, 0.70, 0.09);  // five standard deviations of 676 draws
  EXPECT_NEAR(counts[1] / 676.0, 0.15, 0.07);
}

TEST(SplitRule, BlocksHoldTheSharesAndLieWhereTheZoneSays) {
  const SplitRule rule = parse_split_rule("blocks:5:70/15/15", 3);
  const auto found = shares(make_tiles(3), rule);  // about 4,000 blocks
  EXPECT_NEAR(found[0], 0.70, 0.04);
  EXPECT_NEAR(found[1], 0.15, 0.03);
  std::map<std::pair<std::int64_t, std::int64_t>, std::set<int>> splits;
  for (const Product& tile : make_tiles(3)) {
    for_each_patch(tile, [&](PatchPosition position) {
      const GroundSquare square = ground_square(tile.geometry, position);
      splits[{(square.ulx_m + 600) / 5000, (square.uly_m - 600) / 5000}].insert(split_of(tile, position, rule));
    });
  }
  for (const auto& [block, names] : splits) EXPECT_EQ(names.size(), 1u);
  EXPECT_GT(splits.size(), 3500u);
}

TEST(SplitRule, BlocksOfOneZoneSayNothingOfAnother) {
  const SplitRule rule = parse_split_rule("blocks:1.2:50/25/25", 3);
  Product other_zone = kGranule;
  other_zone.geometry.epsg = 32633;
  int differing = 0;
  for_each_patch(kGranule, [&](PatchPosition position) {
    differing += split_of(kGranule, position, rule) != split_of(other_zone, position, rule);
  });
  EXPECT_NEAR(differing / 8281.0, 1 - (0.25 + 0.0625 + 0.0625), 0.05);
}

TEST(SplitRule, NoGroundSquareIsInTwoSplitsWhateverTheDate) {
  // Tiles three apart have coinciding grids: 300 km is 250 patches.
  const std::vector<Product> tiles = make_tiles(4);
  for (const char* text : {"random:70/15/15", "rings", "products:70/15/15", "blocks:4:70/15/15"}) {
    const SplitRule rule = parse_split_rule(text, 1);
    std::map<GroundSquare, int> seen;
    for (int date = 0; date < 2; ++date) {
      for (Product tile : tiles) {
        tile.name[10] = static_cast<char>('0' + date);
        for_each_patch(tile, [&](PatchPosition position) {
          const int split = split_of(tile, position, rule);
          EXPECT_EQ(seen.try_emplace(ground_square(tile.geometry, position), split).first->second, split) << text;
        });
      }
    }
    EXPECT_EQ(seen.size(), 16u * 8281) << text;
    EXPECT_FALSE(find_split_conflict(tiles, rule)) << text;
  }
}

TEST(SplitRule, ProductsThatDisagreeOnASquareAreFound) {
  Product cropped = kGranule;  // the same place with another side: other rings
  cropped.geometry.size_10m_px = 6000;
  const std::vector<Product> products = {make_tile(1, 1), kGranule, cropped};
  const auto conflict = find_split_conflict(products, parse_split_rule("rings", 0));
  ASSERT_TRUE(conflict);
  EXPECT_EQ(std::set({conflict->first, conflict->second}), std::set<std::size_t>({1, 2}));
  const auto position = position_of(kGranule.geometry, conflict->square);
  ASSERT_TRUE(position);
  EXPECT_NE(split_of(kGranule, *position, parse_split_rule("rings", 0)),
            split_of(cropped, *position, parse_split_rule("rings", 0)));
  EXPECT_FALSE(find_split_conflict(products, parse_split_rule("products:50/25/25", 0)));
  EXPECT_FALSE(find_split_conflict(products, parse_split_rule("random:50/25/25", 0)));
}

TEST(SplitRule, RandomAndBlocksGoByTheSquareAlone) {
  for (const char* text : {"random:70/15/15", "blocks:5:70/15/15"})
    EXPECT_TRUE(goes_by_square_alone(parse_split_rule(text, 0))) << text;
  for (const char* text : {"rings", "products:70/15/15", "lists:a.csv,b.csv,c.csv"})
    EXPECT_FALSE(goes_by_square_alone(parse_split_rule(text, 0))) << text;
}

TEST(SplitRule, MisnamedTilesThatDisagreeAreFound) {
  std::vector<Product> products = {kGranule, kGranule};
  int found = 0;
  for (int seed = 0; seed < 50; ++seed) {
    products[1].mgrs_tile = "T32UZZ";
    products[1].geometry.ulx_m = products[0].geometry.ulx_m + 50 * kPatchSizeM;
    found += find_split_conflict(products, parse_split_rule("products:50/25/25", static_cast<std::uint64_t>(seed)))
                 .has_value();
  }
  EXPECT_NEAR(found, 50 * (1 - 0.375), 17);
}

TEST(SplitRule, TheFilesOfListsAreRead) {
  const SplitRule rule = parse_split_rule("lists:a.csv,,dir/c.csv.bz2", 0);
  EXPECT_EQ(rule.kind, SplitRule::Kind::lists);
  EXPECT_EQ(rule.lists, (std::array<std::string, 3>{"a.csv", "", "dir/c.csv.bz2"}));
}

TEST(SplitRule, MisuseIsRefused) {
  for (const char* text : {"", "random", "random:70/15", "random:70/15/16", "random:-5/50/55", "random:70/15/15x",
                           "rings:70/15/15", "products", "products:1/1/1", "blocks:70/15/15", "blocks:0:70/15/15",
                           "blocks:1.1:70/15/15", "blocks:nan:70/15/15", "blocks:5km:70/15/15", "blocks:5:70/15",
                           "lists:", "lists:a,b", "lists:,,", "lists:a,b,c,d"}) {
    EXPECT_THROW(parse_split_rule(text, 0), Error) << text;
  }
}

}  // namespace
}  // namespace eoshard::ingest
