#include "libingest/select/patch_name.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

TEST(PatchName, TheBaselineIsNoPartOfAName) {
  const auto old_one = parse_patch_name("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57");
  const auto new_one = parse_patch_name("S2A_MSIL2A_20170613T101031_N0500_R022_T33UUP_26_57");
  ASSERT_TRUE(old_one && new_one);
  EXPECT_EQ(*old_one, *new_one);
  EXPECT_EQ(old_one->product, "S2A_MSIL2A_20170613T101031_R022_T33UUP");
  EXPECT_EQ(old_one->product, product_part("S2A_MSIL2A_20170613T101031_N0510_R022_T33UUP"));
  EXPECT_EQ(old_one->position, (PatchPosition{26, 57}));
}

TEST(PatchName, V1NamesMayLackZeroesAndPassSixtySeconds) {
  const auto name = parse_patch_name("S2B_MSIL2A_20180204T94161_57_8");
  ASSERT_TRUE(name);
  EXPECT_FALSE(name->has_product());
  EXPECT_EQ(name->overpass.mission, "S2B");
  EXPECT_EQ(name->overpass.sensed_utc, 1517737321);  // date -u -d '2018-02-04 09:42:01' +%s
  EXPECT_EQ(name->position, (PatchPosition{57, 8}));
  EXPECT_EQ(parse_patch_name("S2B_MSIL2A_20180204T094161_57_08"), name);
}

TEST(PatchName, OtherTextIsNone) {
  for (const char* text : {"", "patch_id", "S2A_MSIL2A_20170613T101031_26", "S2A_MSIL2A_20171332T101031_26_57",
                           "S2A_MSIL2A_20170613T251031_26_57", "S2A_MSIL2A_20170613T101031_26_x",
                           "S2A_MSIL2A_20170613T101031_-1_57", "S2A_MSIL2A_2017T1_1_1", "S2", "_1_1", "a_b_c_1_1"}) {
    EXPECT_FALSE(parse_patch_name(text)) << text;
  }
}

TEST(PatchName, AProductsOverpassIsThatOfItsV1Names) {
  Product product;
  product.id_stem = "S2B_MSIL2A_20180204T094159_N0500_R036_T35VPK";
  product.acquired = "2018-02-04T09:42:01.024Z";
  EXPECT_EQ(overpass_of(product), parse_patch_name("S2B_MSIL2A_20180204T94161_57_38")->overpass);
  product.acquired = "yesterday";
  EXPECT_THROW(overpass_of(product), Error);
}

}  // namespace
}  // namespace eoshard::ingest
