#include "libingest/product/band_list.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

using Names = std::vector<std::string>;

std::string error_of(std::string_view list) {
  try {
    parse_band_list(list);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
}

TEST(BandList, OrderIsTheCubesAndSclComesLast) {
  EXPECT_EQ(parse_band_list("SCL,B12,B8A,B02"), (Names{"B02", "B8A", "B12", "SCL"}));
  EXPECT_EQ(parse_band_list("B09"), Names{"B09"});
}

TEST(BandList, MistakesAreNamed) {
  EXPECT_NE(error_of("B02,B10").find("B10 is no Level-2A band"), std::string::npos);
  EXPECT_NE(error_of("b02").find("b02 is no"), std::string::npos);
  EXPECT_NE(error_of("B02,B03,B02").find("B02 is given twice"), std::string::npos);
  for (const char* list : {"", "B02,", ",B02", "B02,,B03"})
    EXPECT_NE(error_of(list).find("is empty"), std::string::npos);
}

}  // namespace
}  // namespace eoshard::ingest
