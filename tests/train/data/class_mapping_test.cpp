#include "libtrain/data/class_mapping.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "libingest/core/error.hpp"

namespace eoshard::train {
namespace {

constexpr std::byte kYes{1}, kNo{0};

TEST(ClassMapping, JoinsAndDropsClasses) {
  const ClassMapping mapping = map_classes(
      {"Airports", "Sea and ocean", "Continuous urban fabric", "Discontinuous urban fabric"}, "bigearthnet-19");
  EXPECT_EQ(mapping.classes.size(), 19u);
  EXPECT_EQ(mapping.class_of_stored, (std::vector<int>{-1, 18, 0, 0}));
  std::vector<std::byte> learnt(19, kYes);
  EXPECT_TRUE(map_labels(mapping, std::vector{kYes, kNo, kNo, kYes}, learnt));
  EXPECT_EQ(std::count(learnt.begin(), learnt.end(), kYes), 1);
  EXPECT_EQ(learnt.front(), kYes);
  EXPECT_FALSE(map_labels(mapping, std::vector{kYes, kNo, kNo, kNo}, learnt)) << "no class is left";
}

TEST(ClassMapping, WithoutANomenclatureClassesStayAsTheyAre) {
  const ClassMapping mapping = map_classes({"forest", "river"}, "");
  EXPECT_TRUE(mapping.is_identity());
  EXPECT_EQ(mapping.classes, (std::vector<std::string>{"forest", "river"}));
}

TEST(ClassMapping, RefusesWhatHasNoAnswer) {
  EXPECT_THROW(map_classes({"a forest"}, "bigearthnet-19"), Error);
  EXPECT_THROW(map_classes({"Urban fabric"}, "bigearthnet-43"), Error) << "stands for two of the 43";
  EXPECT_THROW(map_classes({"Airports"}, "bigearthnet-20"), Error);
}

}  // namespace
}  // namespace eoshard::train
