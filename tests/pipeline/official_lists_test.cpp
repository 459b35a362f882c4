// The join of an archive's samples with the lists and tables that BigEarthNet is published with.
#include "libingest/pipeline/sample_rulings.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <map>
#include <set>
#include <sstream>

#include "libingest/table/compressed_text.hpp"
#include "libingest/table/parquet_table.hpp"

namespace eoshard::ingest {
namespace {

namespace fs = std::filesystem;

SampleRulings make(const PackOptions& options) {
  static const Nomenclature nomenclature = make_nomenclature("bigearthnet-19");
  const ArchiveKind& kind = find_archive_kind(options.kind);
  check_split_options(options, kind);
  return SampleRulings(options, kind, nomenclature);
}

PackOptions options_of(const std::string& kind) {
  PackOptions options;
  options.kind = kind;
  return options;
}

fs::path shared_folder() {
  const char* const shared = std::getenv("EOSHARD_SHARED");
  return fs::path(shared == nullptr ? "../shared" : shared) / "data/bigearthnet";
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::istringstream text(read_compressed_text(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line.substr(0, line.find('\r')));
  return lines;
}

// All 590,326 names of v1: every one is in some list.
TEST(OfficialLists, GiveTheOfficialCounts) {
  const fs::path folder = shared_folder();
  if (!fs::exists(folder / "train.csv.bz2")) GTEST_SKIP() << "no " << folder;
  const auto list = [&](const char* name) { return (folder / name).string(); };
  PackOptions options = options_of("bigearthnet-v1");
  options.split = "lists:" + list("train.csv.bz2") + "," + list("val.csv.bz2") + "," + list("test.csv.bz2");
  options.exclude_lists = {list("patches_with_seasonal_snow.csv.bz2"), list("patches_with_cloud_and_shadow.csv.bz2"),
                           list("patches_with_no_19_class_targets.csv.bz2")};
  SampleRulings rulings = make(options);
  std::set<std::string> names;
  for (const char* name : {"train.csv.bz2", "val.csv.bz2", "test.csv.bz2", "patches_with_seasonal_snow.csv.bz2",
                           "patches_with_cloud_and_shadow.csv.bz2", "patches_with_no_19_class_targets.csv.bz2"}) {
    for (std::string& line : lines_of(folder / name)) names.insert(std::move(line));
  }
  EXPECT_EQ(names.size(), 590326u);
  std::map<int, int> counts;
  for (const std::string& name : names) ++counts[rulings.rule(name, kUnlisted).split];
  EXPECT_EQ(counts[0], 269695);
  EXPECT_EQ(counts[1], 123723);
  EXPECT_EQ(counts[2], 125866);
  EXPECT_EQ(counts[kUnlisted], 71042);
  for (const std::string& line : rulings.not_found()) EXPECT_NE(line.find(": 0 of "), std::string::npos) << line;
}

TEST(OfficialTables, AreJoinedQuickly) {
  const fs::path folder = shared_folder();
  if (!fs::exists(folder / "metadata.parquet") || !has_parquet()) GTEST_SKIP() << "no Parquet or no " << folder;
  PackOptions options = options_of("bigearthnet-v2");
  options.metadata = {(folder / "metadata.parquet").string(),
                      (folder / "metadata_for_patches_with_snow_cloud_or_shadow.parquet").string()};
  std::vector<std::string> names;
  const std::array<std::string, 1> columns = {"patch_id"};
  for (const std::string& table : options.metadata) {
    read_parquet(table, columns, [&](const ParquetBatch& batch) {
      for (const std::string& id : batch.texts("patch_id")) names.push_back(id);
    });
  }
  ASSERT_EQ(names.size(), 480038u + 69450u);
  const std::clock_t start = std::clock();  // of all threads: neighbours on the machine do not count
  SampleRulings rulings = make(options);
  std::map<int, int> counts;
  for (const std::string& name : names) ++counts[rulings.rule(name, kUnlisted).split];
  const double cpu_s = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  EXPECT_EQ(counts[0], 237871 + 34673);
  EXPECT_EQ(counts[1], 122342 + 17235);
  EXPECT_EQ(counts[2], 119825 + 17542);
  RecordProperty("join_cpu_s", std::to_string(cpu_s));
  EXPECT_LT(cpu_s, 3.0);
  EXPECT_EQ(rulings.rule("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57", kUnlisted).fields,
            std::vector<std::string>{"Austria"});
}

}  // namespace
}  // namespace eoshard::ingest
