#include "libingest/report/patch_census.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace eoshard::ingest {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

const GranuleKey kGranule = {"T32ULV", "2022-06-17T10:26:03Z", "S2A_ONE"};

PatchRecord kept(std::string split, std::int64_t index, std::vector<std::size_t> classes) {
  PatchRecord patch;
  patch.category = std::move(split);
  patch.is_kept = true;
  patch.index = index;
  patch.patch_id = patch.category + std::to_string(index);
  patch.product = kGranule.product;
  patch.mgrs_tile = kGranule.mgrs_tile;
  patch.acquired = kGranule.acquired;
  patch.column = static_cast<int>(index);
  patch.epsg = 32632;
  patch.ulx_m = 300000 + 1200 * index;
  patch.uly_m = patch.category == "train" ? 5500020 : 5400000;
  patch.classes = std::move(classes);
  return patch;
}

PatchRecord rejected(std::string reason) {
  PatchRecord patch = kept("train", 50, {});
  patch.category = std::move(reason);
  patch.is_kept = false;
  return patch;
}

TEST(PatchCensus, CountsEveryPatchOnce) {
  PatchCensus census(3, {kGranule});
  census.add(kept("train", 0, {0, 2}));
  census.add(kept("train", 1, {2}));
  census.add(kept("test", 0, {0, 2}));
  census.add(rejected("cloud"));
  EXPECT_EQ(census.kept(), 3);
  EXPECT_EQ(census.rejected(), 1);
  EXPECT_EQ(census.in_category("train"), 2);
  EXPECT_EQ(census.in_category("cloud"), 1);
  EXPECT_EQ(census.in_category("snow"), 0);
  EXPECT_THAT(census.categories(), ElementsAre("cloud", "test", "train"));
  EXPECT_EQ(census.in_class("train", 2), 2);
  EXPECT_EQ(census.in_class("validation", 2), 0);
  EXPECT_EQ(census.together(0, 2), 2);
  EXPECT_EQ(census.together(2, 2), 3);
  EXPECT_EQ(census.together(1, 1), 0);
  EXPECT_THAT(census.labels_a_sample(), ElementsAre(0, 1, 2));
}

TEST(PatchCensus, KnowsGranulesAndTheirExtent) {
  PatchCensus census(1, {kGranule});
  census.add(kept("train", 0, {0}));
  census.add(kept("train", 3, {0}));
  PatchRecord other = rejected("snow");
  other.product = "S2B_OTHER";
  census.add(other);
  ASSERT_THAT(census.granules(), SizeIs(2));
  const GranuleCounts& first = census.granules().at(kGranule);
  EXPECT_EQ(first.kept, 2);
  EXPECT_EQ(first.extent.west, 300000);
  EXPECT_EQ(first.extent.east, 300000 + 4 * 1200);
  EXPECT_EQ(first.extent.north - first.extent.south, 1200);
  EXPECT_THAT(first.cells, SizeIs(2));
  EXPECT_EQ(first.cells[1].category, "train");
  EXPECT_TRUE(std::next(census.granules().begin())->second.cells.empty()) << "was not to be mapped";
}

TEST(PatchCensus, EveryClassIsPicturedAndRareOnesChooseFirst) {
  PatchCensus census(3, {});
  for (int index = 0; index < 100; ++index) census.add(kept("train", index, {0}));
  census.add(kept("train", 100, {0, 2}));
  const auto chosen = census.choose_pictures(4);
  ASSERT_THAT(chosen, SizeIs(4)) << "the last are without a label";
  EXPECT_THAT(chosen[3], SizeIs(0));
  EXPECT_THAT(chosen[0], SizeIs(4));
  EXPECT_THAT(chosen[1], SizeIs(0));
  ASSERT_THAT(chosen[2], SizeIs(1));
  EXPECT_EQ(chosen[2][0].patch_id, "train100");
  for (const PictureCandidate& candidate : chosen[0]) EXPECT_NE(candidate.patch_id, "train100");
}

TEST(PatchCensus, PicturesDoNotDependOnTheOrderOfRows) {
  PatchCensus forward(2, {}), backward(2, {});
  for (int index = 0; index < 300; ++index) {
    forward.add(kept("train", index, {static_cast<std::size_t>(index % 2)}));
    backward.add(kept("train", 299 - index, {static_cast<std::size_t>((299 - index) % 2)}));
  }
  const auto one = forward.choose_pictures(4);
  const auto other = backward.choose_pictures(4);
  for (std::size_t list = 0; list < 2; ++list) {
    for (std::size_t place = 0; place < 4; ++place) EXPECT_EQ(one[list][place].patch_id, other[list][place].patch_id);
  }
}

TEST(PatchCensus, AGroundSquareIsPicturedOnce) {
  PatchCensus census(1, {});
  for (int date = 0; date < 40; ++date) {
    PatchRecord patch = kept("train", 0, {0});
    patch.patch_id = "date" + std::to_string(date);
    census.add(patch);
  }
  EXPECT_THAT(census.choose_pictures(4)[0], SizeIs(1));
}

TEST(PatchCensus, SamplesWithoutALabelHaveAListOfTheirOwn) {
  PatchCensus census(2, {});
  census.add(kept("train", 0, {1}));
  census.add(kept("train", 1, {}));
  EXPECT_THAT(census.choose_pictures(4), ElementsAre(SizeIs(0), SizeIs(1), SizeIs(1)));
}

TEST(PatchCensus, WithoutClassesOneList) {
  PatchCensus census(0, {});
  for (int index = 0; index < 9; ++index) census.add(kept("test", index, {}));
  EXPECT_THAT(census.choose_pictures(48), ElementsAre(SizeIs(9)));
}

}  // namespace
}  // namespace eoshard::ingest
