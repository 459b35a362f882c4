#include "libingest/report/report_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "libingest/report/html_text.hpp"

namespace eoshard::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kHostile = "<script>alert('\"&\")</script>\xff";

PatchRecord patch(const std::string& category, bool is_kept, int column, std::vector<std::size_t> classes) {
  PatchRecord record;
  record.category = category;
  record.is_kept = is_kept;
  record.index = column;
  record.patch_id = kHostile + std::to_string(column);
  record.product = std::string(kHostile) + "product";
  record.mgrs_tile = kHostile;
  record.acquired = kHostile;
  record.baseline = kHostile;
  record.column = column;
  record.epsg = 32632;
  record.classes = std::move(classes);
  return record;
}

// Every text of a dataset is hostile.
ReportData hostile_data() {
  ReportData data;
  data.name = data.program = data.version = data.command_line = data.nomenclature = data.split_rule = kHostile;
  data.task = "multi-label";
  data.splits = {"train", "validation", "test"};
  data.reasons = {kHostile};
  data.classes = {kHostile, "b", "c"};
  data.arrays = {{kHostile, kHostile, 10, {kHostile}, {1, 2, 2}}};
  data.census = PatchCensus(3, {});
  data.census.add(patch("train", true, 0, {0, 1}));
  data.census.add(patch("train", true, 1, {0}));
  data.census.add(patch(kHostile, false, 2, {}));
  data.bands = {{kHostile, {{kHostile, 8, 4.5, 1.5, 1, 9}}, {1, 2, 3}, 12, 1, 2, 6, 9, 4}};
  data.sampling = {2, {kHostile}, 1, 9, 1.6};
  for (const auto& [key, counts] : data.census.granules())
    data.maps.push_back({key, "data:image/png;base64,AAAA", 3, 1});
  data.areas = {{kHostile, 32632, 1, 2, 1, kHostile, kHostile, {{6, 49}, {7, 49}, {7, 48}, {6, 48}}},
                {"T32ULU", 32632, 1, 0, 0, "", "", {}}};
  data.pictures = {{{"data:image/jpeg;base64,AAAA", 2, kHostile, kHostile, {0, 1}}}, {}, {}, {}};
  data.notes = {kHostile};
  return data;
}

// Elements that are opened and closed in order, attributes in quotes, no stray markup.
testing::AssertionResult is_well_formed(const std::string& page) {
  std::vector<std::string> open;
  std::string::size_type at = page.find('\n');  // behind the doctype
  while ((at = page.find('<', at)) != std::string::npos) {
    const auto end = page.find('>', at);
    if (end == std::string::npos) return testing::AssertionFailure() << "a tag has no end";
    const std::string tag = page.substr(at + 1, end - at - 1);
    static const std::regex kTag(R"re((/?)([a-z0-9]+)((\s+[A-Za-z][A-Za-z0-9:-]*="[^"<]*")*)\s*(/?))re");
    std::smatch match;
    if (!std::regex_match(tag, match, kTag)) return testing::AssertionFailure() << "<" << tag << ">";
    if (match[1] == "/") {
      if (open.empty() || open.back() != match[2])
        return testing::AssertionFailure() << "</" << match[2] << "> closes nothing";
      open.pop_back();
    } else if (match[5] != "/") {
      open.push_back(match[2]);
    }
    at = end;
  }
  return open.empty() ? testing::AssertionSuccess()
                      : testing::AssertionFailure() << "<" << open.back() << "> stays open";
}

std::vector<std::string> outside_references(const std::string& page) {
  static const std::regex kReference(R"re((src|href|srcset|action|data)="(?!data:|#)[^"]*"|url\(|@import|https?:)re");
  return {std::sregex_token_iterator(page.begin(), page.end(), kReference), {}};
}

TEST(ReportPage, ShowsHostileTextAsText) {
  const std::string page = report_page(hostile_data());
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("\xff")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;&quot;&amp;&quot;)&lt;/script&gt;\uFFFD"));
  EXPECT_TRUE(is_well_formed(page));
}

TEST(ReportPage, NeedsNothingFromOutside) {
  EXPECT_THAT(outside_references(report_page(hostile_data())), ElementsAre());
  EXPECT_THAT(outside_references("<img src=\"x.png\"/>"), testing::SizeIs(1));
}

TEST(ReportPage, HasEverySection) {
  const std::string page = report_page(hostile_data());
  for (const char* const id : {"summary", "classes", "together", "bands", "pictures", "map", "products"}) {
    EXPECT_THAT(page, HasSubstr(std::string("<section id=\"") + id + "\">"));
    EXPECT_THAT(page, HasSubstr(std::string("href=\"#") + id + "\""));
  }
}

TEST(ReportPage, LeavesOutWhatADatasetLacks) {
  ReportData data;
  data.name = "nothing";
  data.splits = {"train", "validation", "test"};
  const std::string page = report_page(data);
  EXPECT_TRUE(is_well_formed(page));
  for (const char* const id : {"classes", "together", "bands", "pictures", "map", "products"}) {
    EXPECT_THAT(page, Not(HasSubstr(std::string("<section id=\"") + id + "\">")));
  }
}

TEST(ReportPage, IsTheSameForTheSameData) { EXPECT_EQ(report_page(hostile_data()), report_page(hostile_data())); }

TEST(ReportPage, ManyClassesAreDrawnSmall) {
  ReportData data;
  data.splits = {"train"};
  data.task = "multi-label";
  data.census = PatchCensus(44, {});
  std::vector<std::size_t> all;
  for (std::size_t index = 0; index < 44; ++index) {
    data.classes.push_back("class " + std::to_string(index));
    all.push_back(index);
  }
  data.census.add(patch("train", true, 0, all));
  EXPECT_THAT(report_page(data), HasSubstr("<table id=\"co-occurrence\" class=\"dense\">"));
  EXPECT_THAT(report_page(hostile_data()), Not(HasSubstr("class=\"dense\"")));
}

TEST(ReportPage, SaysHowManyRowsItLeavesOut) {
  ReportData data;
  data.splits = {"train"};
  data.census = PatchCensus(0, {});
  for (int product = 0; product < 1200; ++product) {
    PatchRecord record = patch("train", true, product, {});
    record.product = "product " + std::to_string(product);
    data.census.add(record);
  }
  EXPECT_THAT(report_page(data), HasSubstr("1,000 of 1,200 rows are shown"));
}

}  // namespace
}  // namespace eoshard::ingest
