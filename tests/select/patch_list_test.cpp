#include "libingest/select/patch_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Rows = std::vector<std::vector<std::string>>;

// Two neighbouring tiles of one overpass, and the first again two days later, 10 x 10 patches each.
std::vector<Product> make_products() {
  const auto make = [](const char* id_stem, const char* tile, const char* acquired, double ulx) {
    Product product;
    product.id_stem = id_stem;
    product.mgrs_tile = tile;
    product.acquired = acquired;
    product.geometry = {32633, ulx, 5400000, 1200};
    return product;
  };
  return {make("S2A_MSIL2A_20170613T101031_N0500_R022_T33UUP", "T33UUP", "2017-06-13T10:10:31.024Z", 300000),
          make("S2A_MSIL2A_20170613T101031_N0500_R022_T33UVP", "T33UVP", "2017-06-13T10:10:31.024Z", 399960),
          make("S2A_MSIL2A_20170615T101031_N0500_R022_T33UUP", "T33UUP", "2017-06-15T10:10:31.024Z", 300000)};
}

PatchList list_of(const Rows& rows) { return parse_patch_list(rows, "list.csv"); }

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    return error.what();
  }
  return "no error";
}

class Lists : public testing::Test {
 protected:
  ListMatches match(const Rows& rows) const { return match_list(list_of(rows)); }
  ListMatches match_list(const PatchList& list) const { return PatchMatcher(products_).match({&list, 1}); }

  std::vector<Product> products_ = make_products();
};

TEST_F(Lists, NamesAreInTheFirstColumnOrInTheOneTheHeaderNames) {
  EXPECT_EQ(list_of({{"S2A_MSIL2A_20170613T101031_1_2", "x"}}).patches.size(), 1u);
  EXPECT_EQ(list_of({{"name"}, {"S2A_MSIL2A_20170613T101031_1_2"}}).patches.size(), 1u);
  const auto second = list_of({{"country", "patch_id"}, {"Austria", "S2A_MSIL2A_20170613T101031_1_2"}});
  EXPECT_EQ(second.patches[0].text, "S2A_MSIL2A_20170613T101031_1_2");
  EXPECT_THAT(list_of({}).patches, IsEmpty());
}

TEST_F(Lists, ATextThatIsNoPatchIdIsNamedWithItsRow) {
  const auto message = message_of([] { list_of({{"S2A_MSIL2A_20170613T101031_1_2"}, {"S2A_MSIL2A_2017_1"}}); });
  EXPECT_THAT(message, HasSubstr("list.csv: row 2: 'S2A_MSIL2A_2017_1'"));
}

TEST_F(Lists, AFirstLineWithASlipIsNoHeader) {
  EXPECT_THAT(message_of([] { list_of({{"S2A_MSIL2A_20170613T101031_N9999_R022_T33UVP_03-01"}}); }),
              HasSubstr("row 1: 'S2A_MSIL2A_20170613T101031_N9999_R022_T33UVP_03-01' is no patch id"));
  EXPECT_TRUE(list_of({{"name"}}).patches.empty());
}

TEST_F(Lists, CoordinatesAreReadWithAnyFormOfProjection) {
  for (const char* projection : {"32633", "EPSG:32633",
                                 "PROJCS[\"WGS 84\",GEOGCS[\"WGS 84\",AUTHORITY[\"EPSG\",\"4326\"]],"
                                 "AUTHORITY[\"EPSG\",\"32633\"]]"}) {
    const auto list = list_of(
        {{"patch", "projection", "ulx", "uly"}, {"S2A_MSIL2A_20170613T101031_1_2", projection, "301200", "5397600.0"}});
    EXPECT_EQ(list.patches[0].square, (GroundSquare{32633, 301200, 5397600}));
  }
  EXPECT_THAT(message_of([] {
                list_of({{"patch", "epsg", "ulx", "uly"}, {"S2A_MSIL2A_20170613T101031_1_2", "UTM", "1", "2"}});
              }),
              HasSubstr("row 2: 'UTM', '1', '2'"));
}

TEST_F(Lists, FullNamesMatchTheirProductInAnyBaseline) {
  const auto matches = match({{"S2A_MSIL2A_20170613T101031_N9999_R022_T33UVP_03_01"},
                              {"S2A_MSIL2A_20170613T101031_N9999_R022_T33UVP_3_1"},
                              {"S2A_MSIL2A_20170613T101031_N9999_R022_T32TMT_03_01"}});
  EXPECT_THAT(matches.patches, ElementsAre(IsEmpty(), ElementsAre(13), IsEmpty()));
  EXPECT_EQ(matches.names, 3u);
  EXPECT_EQ(matches.unmatched, 1u);
  EXPECT_EQ(matches.by_time_alone, 0u);
}

TEST_F(Lists, ANameBeyondTheGridIsAnError) {
  const Rows rows = {{"S2A_MSIL2A_20170613T101031_N9999_R022_T33UVP_03_10"}};
  EXPECT_THAT(message_of([&] { match(rows); }), HasSubstr("T33UVP_03_10 is no patch of"));
  EXPECT_THAT(message_of([&] { match(rows); }), HasSubstr("10 columns and 10 rows"));
}

TEST_F(Lists, CommentsBlankLinesAndBlanksAroundANameAreNoMatter) {
  const auto matches = match({{"# snow"},
                              {""},
                              {"patch", "note"},
                              {" S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_03_01 \t", "white"},
                              {"#S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_04_01", "", ""},
                              {"  "}});
  EXPECT_THAT(matches.patches, ElementsAre(ElementsAre(13), IsEmpty(), IsEmpty()));
  EXPECT_EQ(matches.names, 1u);
}

TEST_F(Lists, AV1NameMatchesByTimeWhereOnlyOneProductHasIt) {
  const auto matches = match({{"S2A_MSIL2A_20170615T101023_3_1"}, {"S2A_MSIL2A_20170615T101020_3_1"}});
  EXPECT_THAT(matches.patches, ElementsAre(IsEmpty(), IsEmpty(), ElementsAre(13)));  // 8 s apart; 11 s is another
  EXPECT_EQ(matches.by_time_alone, 1u);
  EXPECT_EQ(matches.unmatched, 1u);
}

TEST_F(Lists, AV1NameThatMatchesTwoTilesIsAnErrorThatListsBoth) {
  const auto message = message_of([&] { match({{"S2A_MSIL2A_20170613T101031_3_1"}}); });
  EXPECT_THAT(message, HasSubstr("S2A_MSIL2A_20170613T101031_3_1 matches"));
  EXPECT_THAT(message, HasSubstr("T33UUP_03_01 and "));
  EXPECT_THAT(message, HasSubstr("T33UVP_03_01:"));
}

TEST_F(Lists, CoordinatesTellTilesApart) {
  const Rows header = {{"patch", "epsg", "ulx", "uly"}};
  const auto square = [&](const char* ulx, const char* uly) {
    Rows rows = header;
    rows.push_back({"S2A_MSIL2A_20170613T101031_3_1", "32633", ulx, uly});
    return match(rows);
  };
  EXPECT_THAT(square("403560", "5398800").patches, ElementsAre(IsEmpty(), ElementsAre(13), IsEmpty()));
  EXPECT_THAT(square("303600", "5398800").patches, ElementsAre(ElementsAre(13), IsEmpty(), IsEmpty()));
  EXPECT_EQ(square("303610", "5398800").unmatched, 1u);  // off the grid
  EXPECT_EQ(square("503600", "5398800").unmatched, 1u);  // another tile, which is not in the run
  EXPECT_EQ(square("303600", "5398800").by_time_alone, 0u);
}

TEST_F(Lists, TheTableOfV2TellsTilesApart) {
  PatchList list = list_of({{"S2A_MSIL2A_20170613T101031_3_1"}, {"S2A_MSIL2A_20170613T101031_4_4"}});
  V1Translation translation({&list, 1});
  EXPECT_TRUE(translation.is_needed());
  translation.add("S2A_MSIL2A_20170613T101031_N9999_R022_T33UVP_03_01", "S2A_MSIL2A_20170613T101031_3_1");
  translation.add("S2A_MSIL2A_20170613T101031_N9999_R022_T33UVP_09_09", "S2A_MSIL2A_20170613T101031_9_9");
  translation.apply(list);
  const auto matches = match_list(list);
  EXPECT_THAT(matches.patches, ElementsAre(IsEmpty(), ElementsAre(13), IsEmpty()));
  EXPECT_EQ(matches.unmatched, 1u);  // the table lacks it: time is not asked
  EXPECT_EQ(matches.untranslated, 1u);
  EXPECT_THROW(translation.add("S2A_MSIL2A_20170613T101031_3_1", "S2A_MSIL2A_20170613T101031_3_1"), Error);
}

TEST_F(Lists, ExcludedIsWhatIsListedAndWhatNoIncludeListNames) {
  RunLists lists;
  lists.excluded = match({{"S2A_MSIL2A_20170613T101031_N0500_R022_T33UUP_00_00"}});
  auto rulings = rule_on_patches(products_, lists);
  EXPECT_EQ(rulings[0][0], ListRuling::excluded);
  EXPECT_EQ(std::count(rulings[0].begin(), rulings[0].end(), ListRuling::excluded), 1);
  lists.included = match(
      {{"S2A_MSIL2A_20170613T101031_N0500_R022_T33UUP_00_00"}, {"S2A_MSIL2A_20170613T101031_N0500_R022_T33UUP_01_00"}});
  rulings = rule_on_patches(products_, lists);
  EXPECT_EQ(rulings[0][0], ListRuling::excluded);
  EXPECT_EQ(rulings[0][1], ListRuling::none);
  EXPECT_EQ(std::count(rulings[0].begin(), rulings[0].end(), ListRuling::none), 1);
  EXPECT_EQ(std::count(rulings[2].begin(), rulings[2].end(), ListRuling::excluded), 100);
}

TEST_F(Lists, SplitsAreAsListedAndTheRestIsExcluded) {
  RunLists lists;
  lists.splits = {match({{"S2A_MSIL2A_20170613T101031_N0500_R022_T33UUP_00_00"}}),
                  match({{"S2A_MSIL2A_20170613T101031_N0500_R022_T33UUP_01_00"}}),
                  match({{"S2A_MSIL2A_20170613T101031_N0500_R022_T33UVP_00_00"}})};
  const auto rulings = rule_on_patches(products_, lists);
  EXPECT_EQ(split_of(rulings[0][0]), 0);
  EXPECT_EQ(split_of(rulings[0][1]), 1);
  EXPECT_EQ(split_of(rulings[1][0]), 2);
  EXPECT_EQ(split_of(rulings[1][1]), std::nullopt);
  EXPECT_EQ(rulings[1][1], ListRuling::excluded);
}

TEST_F(Lists, APatchOrASquareInTwoSplitsIsAnError) {
  const Rows patch = {{"S2A_MSIL2A_20170613T101031_N0500_R022_T33UUP_03_04"}};
  const Rows two_days_later = {{"S2A_MSIL2A_20170615T101031_N0500_R022_T33UUP_03_04"}};
  RunLists lists;
  lists.splits = {match(patch), match({}), match(patch)};
  EXPECT_THAT(message_of([&] { rule_on_patches(products_, lists); }), HasSubstr("T33UUP_03_04 (train) and "));
  lists.splits = {match(patch), match(two_days_later), match({})};
  const auto message = message_of([&] { rule_on_patches(products_, lists); });
  EXPECT_THAT(message, HasSubstr("20170613T101031_N0500_R022_T33UUP_03_04 (train)"));
  EXPECT_THAT(message, HasSubstr("20170615T101031_N0500_R022_T33UUP_03_04 (validation)"));
  lists.splits = {match(patch), match({}), match({})};
  EXPECT_EQ(rule_on_patches(products_, lists)[0][43], ListRuling::train);
}

}  // namespace
}  // namespace eoshard::ingest
