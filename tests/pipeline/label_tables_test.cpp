#include "libingest/pipeline/label_tables.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/table/parquet_table.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

TEST(ReadCsvLabels, TakesNamesAndCodes) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "labels.csv";
  write_file(path,
             "patch_id,labels\nS2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57,Pastures; 511 ;;\n"
             "S2A_MSIL2A_20170613T101031_N0500_R022_T33UUP_27_57,\n",
             Durability::rename_only);
  const Nomenclature nomenclature = make_nomenclature("bigearthnet-19");
  LabelTable table = read_csv_labels(path, nomenclature);
  table.finish();
  const std::string place = "S2A_MSIL2A_20170613T101031_R022_T33UUP";
  EXPECT_EQ(table.find(place, 26, 57), std::uint64_t{1} << 4 | std::uint64_t{1} << 17);
  EXPECT_EQ(table.find(place, 27, 57), 0u);
}

TEST(ReadParquetLabels, ReadsBigEarthNetsTable) {
  const char* const shared = std::getenv("EOSHARD_SHARED");
  const auto path = std::filesystem::path(shared == nullptr ? "" : shared) / "data/bigearthnet/metadata.parquet";
  if (!std::filesystem::exists(path) || !has_parquet()) GTEST_SKIP();
  const Nomenclature nomenclature = make_nomenclature("bigearthnet-19");
  LabelTable table = read_parquet_labels(path, nomenclature);
  table.finish();
  EXPECT_EQ(table.size(), 480'038u);
}

}  // namespace
}  // namespace eoshard::ingest
