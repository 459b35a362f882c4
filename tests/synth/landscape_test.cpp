// Textures, regions and their classes: what makes the scenes learnable, and not from mean reflectances.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "tools/eoshard-synth/region_layout.hpp"

namespace eoshard::synth {
namespace {

struct Moments {
  double mean = 0, deviation = 0;
};

// Over a megapixel of several regions.
Moments moments_of(const Texture& texture) {
  double sum = 0, squares = 0;
  int count = 0;
  for (std::uint32_t region = 0; region < 16; ++region) {
    const TextureFrame frame = draw_frame(5, region);
    for (int y = 0; y < 250; ++y) {
      for (int x = 0; x < 250; ++x, ++count) {
        const double value = texture_at(texture, frame, x + 0.5, y + 0.5);
        sum += value;
        squares += value * value;
      }
    }
  }
  const double mean = sum / count;
  return {mean, std::sqrt(squares / count - mean * mean)};
}

TEST(Textures, HaveMeanZeroAndDeviationOne) {
  for (const LandClass& land : land_classes()) {
    const Moments moments = moments_of(land.texture);
    EXPECT_NEAR(moments.mean, 0, 0.03) << land.name;
    EXPECT_NEAR(moments.deviation, 1, 0.05) << land.name;
  }
}

TEST(LandClasses, ComeInPairsOfOneSpectrumAndTwoTextures) {
  const auto classes = land_classes();
  for (std::size_t first = 0; first < classes.size(); first += 2) {
    const LandClass &one = classes[first], &other = classes[first + 1];
    EXPECT_EQ(one.spectrum, other.spectrum) << one.name;
    EXPECT_TRUE(one.texture.kind != other.texture.kind) << one.name;
  }
}

TEST(LandClasses, HaveDistinctCodes) {
  std::set<int> grid_codes, clc_codes;
  for (const LandClass& land : land_classes()) {
    grid_codes.insert(land.grid_code);
    clc_codes.insert(land.clc_code);
  }
  EXPECT_EQ(grid_codes.size(), kMaxClasses);
  EXPECT_EQ(clc_codes.size(), kMaxClasses);
}

// Samples a patch on a grid of 24 x 24 points.
std::map<std::uint32_t, int> regions_in_patch(const RegionLayout& layout, int column, int row) {
  std::map<std::uint32_t, int> points;
  for (int y = 0; y < 24; ++y) {
    for (int x = 0; x < 24; ++x) ++points[layout.region_at(column + (x + 0.5) / 24, row + (y + 0.5) / 24).id()];
  }
  return points;
}

TEST(RegionLayout, ShowsNoRegionAsASliver) {
  const RegionLayout layout(3, kMaxClasses);
  for (int row = -5; row < 20; ++row) {
    for (int column = -5; column < 20; ++column) {
      for (const auto& [region, points] : regions_in_patch(layout, column, row)) {
        ASSERT_GE(points, 24 * 24 / 12) << "patch " << column << ", " << row;
      }
    }
  }
}

// A patch sees the four regions whose corners meet in it.
std::set<int> classes_of_patch(const RegionLayout& layout, int column, int row) {
  std::set<int> classes;
  for (const int down : {0, 1}) {
    for (const int across : {0, 1}) {
      classes.insert(
          layout.class_of({static_cast<std::int16_t>(column + across), static_cast<std::int16_t>(row + down)}));
    }
  }
  return classes;
}

std::vector<double> prevalences(const RegionLayout& layout, int side) {
  std::vector<double> shares(layout.classes().size());
  for (int row = 0; row < side; ++row) {
    for (int column = 0; column < side; ++column) {
      for (const int land : classes_of_patch(layout, column, row)) shares[land] += 1.0 / (side * side);
    }
  }
  return shares;
}

// F1 micro of always answering with the `count` commonest classes: 2 TP / (positives + predicted).
double constant_f1(std::vector<double> shares, int count) {
  std::ranges::sort(shares, std::greater{});
  double all = 0, hit = 0;
  for (std::size_t rank = 0; rank < shares.size(); ++rank) {
    all += shares[rank];
    if (static_cast<int>(rank) < count) hit += shares[rank];
  }
  return 2 * hit / (all + count);
}

TEST(RegionLayout, LeavesAConstantPredictorPoor) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const std::vector<double> shares = prevalences(RegionLayout(seed, kMaxClasses), 40);
    for (int count = 1; count <= kMaxClasses; ++count) EXPECT_LE(constant_f1(shares, count), 0.65) << "seed " << seed;
  }
}

TEST(RegionLayout, GivesTheBestConstantPredictorTheThresholdOneHalf) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const std::vector<double> shares = prevalences(RegionLayout(seed, kMaxClasses), 40);
    const auto common = std::ranges::count_if(shares, [](double share) { return share > 0.55; });
    EXPECT_EQ(common, 2);
    EXPECT_EQ(common + std::ranges::count_if(shares, [](double share) { return share < 0.3 && share > 0.03; }),
              kMaxClasses);
  }
}

TEST(RegionLayout, UsesOnlyTheClassesAskedFor) {
  const RegionLayout layout(0, 3);
  const std::vector<double> shares = prevalences(layout, 20);
  ASSERT_EQ(shares.size(), 3u);
  for (const double share : shares) EXPECT_GT(share, 0.05);
}

TEST(RegionLayout, DependsOnTheSeed) {
  const RegionLayout one(1, kMaxClasses), other(2, kMaxClasses);
  int differing = 0;
  for (std::int16_t column = 0; column < 100; ++column)
    differing += one.class_of({column, 0}) != other.class_of({column, 0});
  EXPECT_GT(differing, 20);
}

}  // namespace
}  // namespace eoshard::synth
