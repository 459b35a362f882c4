#include "libingest/pipeline/patch_rulings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "libingest/table/parquet_table.hpp"

namespace eoshard::ingest {
namespace {

// BigEarthNet's own lists and tables, where they are at hand.
class OfficialLists : public testing::Test {
 protected:
  void SetUp() override {
    const char* shared = std::getenv("EOSHARD_SHARED");
    folder_ = std::filesystem::path(shared != nullptr ? shared : "") / "data" / "bigearthnet";
    if (!std::filesystem::exists(folder_ / "patches_with_seasonal_snow.csv.bz2"))
      GTEST_SKIP() << "no " << folder_ << " (EOSHARD_SHARED)";
  }

  std::vector<PatchList> read(std::initializer_list<const char*> names) const {
    std::vector<PatchList> lists;
    for (const char* name : names) lists.push_back(read_patch_list(folder_ / name));
    return lists;
  }

  std::filesystem::path folder_;
};

auto count_translated(const PatchList& list) {
  return std::count_if(list.patches.begin(), list.patches.end(),
                       [](const ListedPatch& patch) { return patch.name.has_product(); });
}

TEST_F(OfficialLists, EveryNameIsRead) {
  const auto lists = read({"patches_with_seasonal_snow.csv.bz2", "patches_with_cloud_and_shadow.csv.bz2",
                           "patches_with_no_19_class_targets.csv.bz2"});
  EXPECT_EQ(lists[0].patches.size(), 61707u);
  EXPECT_EQ(lists[1].patches.size(), 9280u);
  EXPECT_EQ(lists[2].patches.size(), 57u);
  EXPECT_EQ(lists[1].patches[0].text, "S2A_MSIL2A_20170717T113321_35_89");
}

TEST_F(OfficialLists, TheTablesOfV2TranslateTheNamesThatTheyHold) {
  if (!has_parquet()) GTEST_SKIP() << "built without Parquet";
  auto lists = read({"patches_with_seasonal_snow.csv.bz2", "patches_with_cloud_and_shadow.csv.bz2"});
  const std::vector<std::string> tables = {folder_ / "metadata.parquet",
                                           folder_ / "metadata_for_patches_with_snow_cloud_or_shadow.parquet"};
  translate_v1_names(tables, lists);
  EXPECT_EQ(count_translated(lists[0]), 61707 - 934);  // counted with pyarrow: v2 dropped the others
  EXPECT_EQ(count_translated(lists[1]), 9280 - 603);
  const PatchName expected = *parse_patch_name("S2A_MSIL2A_20170717T113321_N9999_R080_T29UPA_35_89");
  EXPECT_EQ(lists[1].patches[0].name, expected);
}

}  // namespace
}  // namespace eoshard::ingest
