#include "libingest/report/quicklook.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "libingest/core/types.hpp"

namespace eoshard::ingest {
namespace {

using testing::ElementsAre;

TEST(Stretch, ReachesFromBlackToWhite) {
  const Stretch stretch{100, 300, 1};
  EXPECT_EQ(stretch(0), 0);
  EXPECT_EQ(stretch(100), 0);
  EXPECT_EQ(stretch(200), 128);
  EXPECT_EQ(stretch(300), 255);
  EXPECT_EQ(stretch(65535), 255);
  EXPECT_EQ((Stretch{100, 300, 2})(150), 128) << "the root of a quarter";
  EXPECT_EQ((Stretch{7, 7, 1})(7), 0) << "one value only";
}

TEST(StretchPicture, InterleavesItsPlanes) {
  const std::array<std::uint16_t, 2> red = {0, 255}, green = {1, 2}, blue = {3, 4};
  const std::array<std::span<const std::uint16_t>, 3> planes = {red, green, blue};
  const Picture picture = stretch_picture(planes, 2, 1, {0, 255, 1});
  EXPECT_THAT(picture.pixels, ElementsAre(0, 1, 3, 255, 2, 4));
}

TEST(PatchMap, IsTransparentWhereNothingWasSeen) {
  const std::array<MapCell, 2> cells = {{{0, 0, "train"}, {1, 1, "of another program"}}};
  const Picture map = draw_patch_map(cells);
  ASSERT_EQ(map.pixels.size(), 2 * 2 * 4);
  const Colour train = describe_category("train").colour;
  EXPECT_THAT(std::span(map.pixels).first(4), ElementsAre(train.red, train.green, train.blue, 255));
  EXPECT_EQ(map.pixels[7], 0);
  EXPECT_EQ(map.pixels[11], 0);
  EXPECT_EQ(map.pixels[15], 255);
}

TEST(Categories, SplitsAreKnown) {
  for (const std::string_view split : kSplitNames) EXPECT_NE(describe_category(split).meaning, "see the table");
}

}  // namespace
}  // namespace eoshard::ingest
