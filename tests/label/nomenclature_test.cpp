#include "libingest/label/nomenclature.hpp"

#include <gtest/gtest.h>

#include <set>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

// BigEarthNet's published conversion from its 43 classes to its 19: the 43-class indices of each.
const std::vector<std::vector<int>> kMergedFrom = {
    {0, 1},   {2},  {11, 12, 13}, {14, 15, 16, 18}, {17},     {19},     {20},        {21}, {22}, {23}, {24}, {25, 31},
    {26, 27}, {28}, {29},         {33, 34},         {35, 36}, {38, 39}, {40, 41, 42}};

TEST(Nomenclature, BigEarthNet19FollowsThePublishedConversion) {
  const Nomenclature merged = make_nomenclature("bigearthnet-19");
  const Nomenclature single = make_nomenclature("bigearthnet-43");
  ASSERT_EQ(merged.classes.size(), 19u);
  ASSERT_EQ(single.classes.size(), 43u);
  std::vector<int> expected(43, -1);
  for (std::size_t index = 0; index < kMergedFrom.size(); ++index) {
    for (const int old_class : kMergedFrom[index])
      expected[static_cast<std::size_t>(old_class)] = static_cast<int>(index);
  }
  for (std::size_t code = 1; code <= kGridCodes; ++code) {
    const int old_class = single.class_of_code[code];
    EXPECT_EQ(merged.class_of_code[code], old_class < 0 ? -1 : expected[static_cast<std::size_t>(old_class)])
        << "grid code " << code;
  }
}

TEST(Nomenclature, BigEarthNet43LeavesGlaciersOut) {
  const Nomenclature nomenclature = make_nomenclature("bigearthnet-43");
  EXPECT_EQ(nomenclature.class_of_code[33], 32);
  EXPECT_EQ(nomenclature.class_of_code[34], -1);
  EXPECT_EQ(nomenclature.class_of_code[35], 33);
  EXPECT_EQ(nomenclature.classes[32], "Burnt areas");
  EXPECT_EQ(nomenclature.classes[33], "Inland marshes");
  EXPECT_EQ(nomenclature.classes[42], "Sea and ocean");
}

TEST(Nomenclature, ClassNamesAreUnique) {
  for (const auto name : kNomenclatureNames) {
    const Nomenclature nomenclature = make_nomenclature(name);
    EXPECT_EQ(std::set<std::string>(nomenclature.classes.begin(), nomenclature.classes.end()).size(),
              nomenclature.classes.size());
  }
}

TEST(Nomenclature, AnUnknownNameIsMisuse) { EXPECT_THROW(make_nomenclature("bigearthnet"), Error); }

TEST(ReadCover, TakesBothKindsOfCodes) {
  for (int code = 1; code <= kGridCodes; ++code) {
    EXPECT_EQ(read_cover(code).grid_code, code);
    EXPECT_EQ(read_cover(kClcCodes[static_cast<std::size_t>(code - 1)]).grid_code, code);
  }
  for (const int value : {0, 48, 255, 999}) EXPECT_EQ(read_cover(value).kind, CoverKind::unlabelled) << value;
  for (const int value : {45, 77, 110, 600, -1}) EXPECT_EQ(read_cover(value).kind, CoverKind::unknown) << value;
}

}  // namespace
}  // namespace eoshard::ingest
