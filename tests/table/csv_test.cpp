#include "libingest/table/csv.hpp"

#include <gtest/gtest.h>

#include <array>

namespace eoshard::ingest {
namespace {

TEST(CsvRow, QuotesOnlyWhereNeeded) {
  const std::array<std::string, 5> fields = {"plain", "a, b", "say \"so\"", "", "two\nlines"};
  EXPECT_EQ(csv_row(fields), "plain,\"a, b\",\"say \"\"so\"\"\",,\"two\nlines\"\n");
}

}  // namespace
}  // namespace eoshard::ingest
