#include "libingest/select/patch_grid.hpp"

#include <gtest/gtest.h>

namespace eoshard::ingest {
namespace {

TEST(PatchGrid, AFullGranuleHas91By91) {
  const PatchGrid grid = make_patch_grid({32633, 399960, 5200020, 10980});
  EXPECT_EQ(grid.columns, 91);
  EXPECT_EQ(grid.rows, 91);
}

TEST(PatchGrid, IndexAndPositionAreInverse) {
  const PatchGrid grid{5, 3};
  for (int index = 0; index < grid.count(); ++index) EXPECT_EQ(grid.index_of(grid.position_of(index)), index);
  EXPECT_EQ(grid.position_of(7), (PatchPosition{2, 1}));
}

TEST(PatchGrid, GroundSquareGoesEastAndSouth) {
  const GranuleGeometry geometry{32633, 399960, 5200020, 10980};
  EXPECT_EQ(ground_square(geometry, {2, 3}), (GroundSquare{32633, 399960 + 2400, 5200020 - 3600}));
}

TEST(PatchId, PadsColumnAndRow) {
  EXPECT_EQ(patch_id("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP", {7, 45}),
            "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_07_45");
}

}  // namespace
}  // namespace eoshard::ingest
