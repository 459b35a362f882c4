#include "libingest/pipeline/listed_work.hpp"

#include <gmock/gmock.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

ListedProducts listed(const std::vector<std::string>& ids) {
  ListedProducts products;
  for (const std::string& id : ids) add_listed(id, products);
  return products;
}

// By hand. A patch at (0, 0) lies in one tile of each resolution. One at (8, 0) covers the pixels 960 to 1079 at 10 m
// and so two tiles of 1024, 480 to 539 at 20 m in the first of 640, and 160 to 179 at 60 m in the first of 192.
TEST(ListedUnits, CountWholeTilesThatHoldAPatch) {
  const auto units = listed_units(std::vector<PatchPosition>{{0, 0}, {8, 0}});
  ASSERT_EQ(units.size(), 3u);
  EXPECT_EQ(units[0].front().tile_pixels, 2 * 4 * 1024.0 * 1024.0);
  EXPECT_EQ(units[1].front().tile_pixels, 1 * 6 * 640.0 * 640.0);
  EXPECT_EQ(units[2].front().tile_pixels, 1 * 2 * 192.0 * 192.0);
  EXPECT_EQ(units[0].front().patch_pixels, 2 * 4 * 120.0 * 120.0);
}

TEST(ListedUnits, TheLastTilesCountWholeToo) {
  std::vector<PatchPosition> all;
  for (int row = 0; row < 91; ++row) {
    for (int column = 0; column < 91; ++column) all.push_back({column, row});
  }
  const auto units = listed_units(all);
  EXPECT_EQ(units[0].front().tile_pixels, 4 * 121 * 1024.0 * 1024.0);
  EXPECT_EQ(units[1].front().tile_pixels, 6 * 81 * 640.0 * 640.0);
  EXPECT_EQ(units[2].front().tile_pixels, 2 * 100 * 192.0 * 192.0);
}

TEST(ListedWork, APatchThatIsListedTwiceCountsOnce) {
  const ListedProducts products = listed({"S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57",
                                          "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57",
                                          "S2B_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57"});
  const auto work = listed_work(products, standard_rates());
  ASSERT_EQ(work.size(), 2u);
  EXPECT_EQ(work[0].patches, 1u);
  EXPECT_EQ(work[0].unit_costs_s, work[1].unit_costs_s);
}

TEST(AddListed, RefusesIdsOfVersionOneAndPatchesOutsideAGranule) {
  EXPECT_THAT(
      [] { listed({"S2A_MSIL2A_20170613T101031_26_57"}); },
      testing::ThrowsMessage<Error>(testing::AllOf(testing::HasSubstr("26_57"), testing::HasSubstr("MGRS tile"))));
  EXPECT_THROW(listed({"S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26"}), Error);
  EXPECT_THROW(listed({"S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_-1_0"}), Error);
  EXPECT_THROW(listed({"patch_id"}), Error);
  EXPECT_THAT([] { listed({"S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_91_00"}); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("91 x 91")));
}

}  // namespace
}  // namespace eoshard::ingest
