#include "libingest/product/product_identity.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

TEST(ProductIdentity, CompactNamesAreTold) {
  EXPECT_TRUE(is_compact_name("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_20200101T000000"));
  EXPECT_TRUE(is_compact_name("S2D_MSIL2A_20270613T101031_N0512_R022_T33UUP_20270101T000000"));
  EXPECT_FALSE(is_compact_name("S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608"));
  EXPECT_FALSE(is_compact_name("S2A_MSIL2A_20170613T101031_N0205_R022_T33UUP"));
  EXPECT_FALSE(is_compact_name("S2A_USER_PRD_MSIL2A_PDMC_20160722T010000_R065_V20160721T104025_20160721T104025"));
}

TEST(ProductIdentity, AnIdStemIsTheCompactNamesBeginning) {
  const IdStem stem{"S2B", "20170613T101031", "0205", 7, "T33UUP"};
  EXPECT_EQ(stem.text(), "S2B_MSIL2A_20170613T101031_N0205_R007_T33UUP");
  EXPECT_LE(stem.text().size() + std::string("_cc_rr").size(), 64u);
  for (const IdStem& odd :
       {IdStem{"", "20170613T101031", "0205", 7, "T33UUP"}, IdStem{"S2B", "20170613", "0205", 7, "T33UUP"},
        IdStem{"S2B", "20170613T101031", "02/5", 7, "T33UUP"}, IdStem{"S2B", "20170613T101031", "0205", 7777, "T33UUP"},
        IdStem{"S2B", "20170613T101031", "0205", 7, "T3/UUP"}})
    EXPECT_THROW(odd.text(), Error);
}

TEST(ProductIdentity, TimesAndSpacecraftsBecomeCompact) {
  EXPECT_EQ(compact_time("2017-06-13T10:10:31.026Z"), "20170613T101031");
  EXPECT_EQ(compact_time("2017-06-13T10:10:31Z"), "20170613T101031");
  EXPECT_EQ(spacecraft_code("Sentinel-2C"), "S2C");
  EXPECT_EQ(spacecraft_code("Landsat 8"), "");
}

TEST(ProductIdentity, ASceneIsTheSameInEveryProcessing) {
  EXPECT_EQ(scene_of("S2A_MSIL2A_20170613T101031_N0205_R022_T33UUP"),
            scene_of("S2A_MSIL2A_20170613T101031_N0500_R022_T33UUP"));
  EXPECT_NE(scene_of("S2A_MSIL2A_20170613T101031_N0205_R022_T33UUP"),
            scene_of("S2A_MSIL2A_20170613T101031_N0205_R022_T33UUQ"));
}

const Candidate kOld = {"S2A_MSIL2A_20170613T101031_N0205_R022_T33UUP", "20170613T101608", "/a"};
const Candidate kRepeated = {"S2A_MSIL2A_20170613T101031_N0205_R022_T33UUP", "20180101T000000", "/b"};
const Candidate kNew = {"S2A_MSIL2A_20170613T101031_N0500_R022_T33UUP", "20170101T000000", "/c"};
const Candidate kNeighbour = {"S2A_MSIL2A_20170613T101031_N0205_R022_T33UUQ", "20170613T101608", "/d"};

TEST(ProductIdentity, TheNewestBaselineStays) {
  for (const auto& candidates :
       {std::vector{kOld, kNeighbour, kNew, kRepeated}, std::vector{kNew, kNeighbour, kRepeated, kOld}}) {
    const auto superseded = find_superseded(candidates);
    ASSERT_EQ(superseded.size(), 2u);
    for (const Superseded& pair : superseded) {
      EXPECT_EQ(candidates[pair.newer].source, "/c");
      EXPECT_NE(candidates[pair.older].source, "/d");
    }
  }
}

TEST(ProductIdentity, OfOneBaselineTheLatestProcessingStays) {
  const std::vector candidates = {kOld, kRepeated};
  const auto superseded = find_superseded(candidates);
  ASSERT_EQ(superseded.size(), 1u);
  EXPECT_EQ(superseded[0].older, 0u);
}

TEST(ProductIdentity, TheSameProcessingTwiceIsAnErrorThatNamesBoth) {
  Candidate copy = kNew;
  copy.source = "/elsewhere";
  try {
    find_superseded(std::vector{kOld, kNew, copy});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("/c and /elsewhere"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace eoshard::ingest
