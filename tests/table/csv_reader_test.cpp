#include "libingest/table/csv_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "libingest/core/error.hpp"
#include "libingest/table/csv.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CsvReaderTest : public testing::Test {
 protected:
  CsvReader read(std::string_view text) {
    write_file(folder_.path() / "table.csv", text, Durability::rename_only);
    return CsvReader(folder_.path() / "table.csv");
  }

  static std::string message_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  TemporaryFolder folder_;
};

TEST_F(CsvReaderTest, ReadsWhatCsvRowWrites) {
  const std::array<std::string, 4> fields = {"a, b", "say \"so\"", "", "two\nlines"};
  CsvReader table = read("one,two,three,four\n" + csv_row(fields));
  EXPECT_THAT(table.columns(), ElementsAre("one", "two", "three", "four"));
  std::vector<std::string> row;
  ASSERT_TRUE(table.next(row));
  EXPECT_THAT(row, testing::ElementsAreArray(fields));
  EXPECT_FALSE(table.next(row));
}

TEST_F(CsvReaderTest, TakesEitherLineEndAndAMissingLastOne) {
  CsvReader table = read("a,b\r\n1,\"2\"\r\n3,4");
  std::vector<std::string> row;
  ASSERT_TRUE(table.next(row));
  EXPECT_THAT(row, ElementsAre("1", "2"));
  ASSERT_TRUE(table.next(row));
  EXPECT_THAT(row, ElementsAre("3", "4"));
  EXPECT_FALSE(table.next(row));
}

TEST_F(CsvReaderTest, PassesOverAByteOrderMarkAndBlankLines) {
  CsvReader table = read("\xEF\xBB\xBF\"patch_id\",labels\r\n\r\n\nP1,\r\n\r\n");
  EXPECT_THAT(table.columns(), ElementsAre("patch_id", "labels"));
  std::vector<std::string> row;
  ASSERT_TRUE(table.next(row));
  EXPECT_THAT(row, ElementsAre("P1", ""));
  EXPECT_FALSE(table.next(row));
}

TEST_F(CsvReaderTest, GoesOnAcrossItsBuffer) {
  std::string text = "number,filling\n";
  for (int row = 0; row < 3000; ++row) text += std::to_string(row) + ',' + std::string(1000, 'x') + '\n';
  CsvReader table = read(text);
  std::vector<std::string> fields;
  int rows = 0;
  for (; table.next(fields); ++rows) {
    ASSERT_EQ(fields[0], std::to_string(rows));
    ASSERT_EQ(fields[1].size(), 1000);
  }
  EXPECT_EQ(rows, 3000);
}

TEST_F(CsvReaderTest, FindsColumnsByName) {
  const CsvReader table = read("split,index\n");
  EXPECT_EQ(table.column("index"), 1);
  EXPECT_FALSE(table.find_column("labels").has_value());
  EXPECT_THAT(message_of([&] { (void)table.column("labels"); }),
              HasSubstr("no column 'labels'; its columns are: split, index"));
}

TEST_F(CsvReaderTest, NamesTheDamagedRow) {
  CsvReader short_row = read("a,b\n1,2\n3\n");
  std::vector<std::string> row;
  ASSERT_TRUE(short_row.next(row));
  EXPECT_THAT(message_of([&] { short_row.next(row); }), HasSubstr("row 3 has 1 fields, but the header has 2"));
  CsvReader open_quote = read("a,b\n1,\"2\n");
  EXPECT_THAT(message_of([&] { open_quote.next(row); }), HasSubstr("row 2 opens a quote"));
  EXPECT_THAT(message_of([&] { read(""); }), HasSubstr("is empty"));
}

}  // namespace
}  // namespace eoshard::ingest
