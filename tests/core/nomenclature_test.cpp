#include "libingest/core/nomenclature.hpp"

#include <gtest/gtest.h>

#include <set>

#include "libingest/core/error.hpp"

namespace eoshard {
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

TEST(ClassOfLabel, ReadsEverySpelling) {
  const Nomenclature merged = make_nomenclature("bigearthnet-19"), all = make_nomenclature("corine-44");
  for (const char* const grassland : {"Natural grasslands", "Natural grassland", "321", "26"}) {
    EXPECT_EQ(class_of_label(merged, grassland), 11) << grassland;
    EXPECT_EQ(class_of_label(all, grassland), 25) << grassland;
  }
  EXPECT_EQ(class_of_label(merged, "Natural grassland and sparsely vegetated areas"), 11);
  EXPECT_EQ(class_of_label(merged, "Construction sites"), -1);  // not among the 19
  EXPECT_EQ(class_of_label(all, "999"), -1);
}

TEST(ClassOfLabel, ReadsTheNamesOfItsOwnClasses) {
  for (const auto name : kNomenclatureNames) {
    const Nomenclature nomenclature = make_nomenclature(name);
    for (std::size_t index = 0; index < nomenclature.classes.size(); ++index) {
      EXPECT_EQ(class_of_label(nomenclature, nomenclature.classes[index]), static_cast<int>(index));
    }
  }
}

TEST(ClassOfLabel, MergedNamesCannotBeSplit) {
  const Nomenclature single = make_nomenclature("bigearthnet-43");
  EXPECT_THROW(class_of_label(single, "Urban fabric"), Error);
  EXPECT_EQ(class_of_label(single, "Transitional woodland, shrub"), 28);  // of one class
  EXPECT_THROW(class_of_label(single, "Urban"), Error);
  EXPECT_THROW(class_of_label(single, "77"), Error);
}

TEST(ReadCover, FarValuesAreUnknown) {
  for (const std::int64_t value : {std::int64_t{1024}, std::int64_t{1} << 40, std::int64_t{-1}})
    EXPECT_EQ(read_cover(value).kind, CoverKind::unknown) << value;
}

}  // namespace
}  // namespace eoshard
