#include "libingest/pipeline/sample_rulings.hpp"

#include <gtest/gtest.h>

#include <map>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

constexpr const char* kFirst = "S2A_MSIL2A_20170613T101031_0_1";
constexpr const char* kSecond = "S2A_MSIL2A_20170613T101031_0_2";
constexpr const char* kThird = "S2A_MSIL2A_20170613T101031_0_3";

class Rulings : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    write_file(folder_.path() / name, text, Durability::rename_only);
    return (folder_.path() / name).string();
  }

  static SampleRulings make(const PackOptions& options) {
    static const Nomenclature nomenclature = make_nomenclature("bigearthnet-19");
    const ArchiveKind& kind = find_archive_kind(options.kind);
    check_split_options(options, kind);
    return SampleRulings(options, kind, nomenclature);
  }

  TemporaryFolder folder_;
};

PackOptions options_of(const std::string& kind) {
  PackOptions options;
  options.kind = kind;
  return options;
}

TEST_F(Rulings, ListsNameSplitsAndExclusions) {
  PackOptions options = options_of("bigearthnet-v1");
  options.split = "lists:" + write("train.csv", std::string(kFirst) + "\r\n" + kSecond + "\r\n") + ",," +
                  write("test.csv", std::string("patch_id,why\n") + kThird + ",none\n");
  options.exclude_lists = {write("snow.csv", kSecond)};
  SampleRulings rulings = make(options);
  EXPECT_EQ(rulings.rule(kFirst, kUnlisted).split, 0);
  EXPECT_EQ(rulings.rule(kSecond, kUnlisted).split, kUnlisted);
  EXPECT_EQ(rulings.rule(kSecond, kUnlisted).reason, "excluded");
  EXPECT_EQ(rulings.rule("S2A_MSIL2A_20170613T101031_9_9", kUnlisted).reason, "unlisted");
  ASSERT_EQ(rulings.not_found().size(), 3u);
  EXPECT_NE(rulings.not_found()[0].find("0 of 2 names"), std::string::npos);
  EXPECT_NE(rulings.not_found()[1].find("1 of 1 names"), std::string::npos);
  EXPECT_EQ(rulings.rule(kThird, kUnlisted).split, 2);
}

TEST_F(Rulings, UnlistedSamplesGoWhereItIsSaid) {
  PackOptions options = options_of("bigearthnet-v1");
  options.split = "lists:" + write("train.csv", kFirst) + ",,";
  options.unlisted = "validation";
  EXPECT_EQ(make(options).rule(kSecond, kUnlisted).split, 1);
}

TEST_F(Rulings, BadListsAreErrors) {
  PackOptions options = options_of("bigearthnet-v1");
  options.split = "lists:" + write("a.csv", kFirst) + "," + write("b.csv", kFirst) + ",";
  EXPECT_THROW(make(options), Error);
  options.split = "lists:" + write("c.csv", std::string(kFirst) + "\nno patch\n") + ",,";
  EXPECT_THROW(make(options), Error);
}

TEST_F(Rulings, ArchivesSayTheirSplitUnlessADrawIsAskedFor) {
  PackOptions options = options_of("sat6");
  EXPECT_EQ(make(options).rule("train_0000001", 0).split, 0);
  EXPECT_EQ(make(options).rule("test_0000001", 2).split, 2);
  options.split = "random:0/100/0";
  EXPECT_EQ(make(options).rule("train_0000001", 0).split, 1);
}

TEST_F(Rulings, DrawsFollowTheShares) {
  SampleRulings rulings = make(options_of("images"));
  std::map<int, int> counts;
  for (int number = 0; number < 20000; ++number)
    ++counts[rulings.rule("class_" + std::to_string(number), kUnlisted).split];
  EXPECT_NEAR(counts[0], 14000, 250);
  EXPECT_NEAR(counts[1], 3000, 200);
  EXPECT_NEAR(counts[2], 3000, 200);
}

}  // namespace
}  // namespace eoshard::ingest
