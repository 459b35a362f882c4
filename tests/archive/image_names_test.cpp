#include "libingest/archive/image_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ImageNames read(std::vector<std::string> names) { return ImageNames(names, "made"); }

std::string message_of(std::vector<std::string> names) {
  try {
    read(std::move(names));
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ImageKey, NamesTheClassOnce) {
  EXPECT_EQ(image_key("2750/AnnualCrop/AnnualCrop_7.jpg"), "AnnualCrop_7");
  EXPECT_EQ(image_key("AnnualCrop_7.jpg"), "AnnualCrop_7");
  EXPECT_EQ(image_key("AnnualCrop_7"), "AnnualCrop_7");
  EXPECT_EQ(image_key("beach/001.b.PNG"), "beach_001.b");
}

TEST(ImageNames, FindsClassesBelowAnyFolders) {
  const ImageNames names = read({"a/b/sea/2.tif", "a/b/river/1.tif", "a/readme.md", "a/b/sea/1.tif", "a/b/sea/.x.tif"});
  EXPECT_THAT(names.classes(), ElementsAre("river", "sea"));
  ASSERT_EQ(names.entries().size(), 3);
  EXPECT_EQ(names.entries()[1].key, "sea_1");
  EXPECT_EQ(names.entries()[1].locator, "a/b/sea/1.tif");
  EXPECT_EQ(names.entries()[1].split, kUnlisted);
}

TEST(ImageNames, FindsSplits) {
  const ImageNames names = read({"x/validation/sea/3.png", "x/train/sea/1.png", "x/test/river/2.png"});
  EXPECT_THAT(names.classes(), ElementsAre("river", "sea"));
  std::vector<int> splits;
  for (const ArchiveEntry& entry : names.entries()) splits.push_back(entry.split);
  EXPECT_THAT(splits, ElementsAre(2, 0, 1));  // river_2, sea_1, sea_3
}

TEST(ImageNames, RefusesWhatIsNoTreeOfClasses) {
  EXPECT_THAT(message_of({"1.png"}), HasSubstr("1.png lies in no folder"));
  EXPECT_THAT(message_of({"sea/1.png", "more/sea/2.png"}), HasSubstr("sea/1.png and more/sea/2.png"));
  EXPECT_THAT(message_of({"train/sea/1.png", "sea/2.png"}), HasSubstr("train/sea/1.png and sea/2.png"));
  EXPECT_THAT(message_of({"sea/1.png", "sea/1.jpg"}), HasSubstr("share the id sea_1"));
  EXPECT_THAT(message_of({"sea/1.txt"}), HasSubstr("found 1 files, but no image"));
}

}  // namespace
}  // namespace eoshard::ingest
