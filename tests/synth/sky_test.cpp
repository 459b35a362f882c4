#include "tools/eoshard-synth/sky.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace eoshard::synth {
namespace {

constexpr int kSidePx = 600;

double percent_of(const Sky& sky, std::initializer_list<Scl> codes) {
  const auto is_one = [&](std::uint8_t code) {
    return std::ranges::find(codes, static_cast<Scl>(code)) != codes.end();
  };
  return 100.0 * static_cast<double>(std::ranges::count_if(sky.scl, is_one)) / static_cast<double>(sky.scl.size());
}

TEST(Sky, CoversTheSharesAskedFor) {
  const Sky sky = make_sky({20, 0, 0}, 1, 0, kSidePx);
  EXPECT_NEAR(percent_of(sky, {Scl::cloud_medium, Scl::cloud_high, Scl::thin_cirrus}), 20, 0.1);
  EXPECT_GT(percent_of(sky, {Scl::cloud_shadow}), 0.5);
  EXPECT_NEAR(percent_of(make_sky({0, 12, 0}, 1, 0, kSidePx), {Scl::snow}), 12, 0.1);
  EXPECT_NEAR(percent_of(make_sky({0, 0, 5}, 1, 0, kSidePx), {Scl::no_data}), 5, 0.3);
}

TEST(Sky, IsClearWhenNothingIsAskedFor) {
  const Sky sky = make_sky({0, 0, 0}, 1, 0, kSidePx);
  EXPECT_EQ(percent_of(sky, {Scl::vegetation}), 100);
  EXPECT_EQ(std::ranges::max(sky.cloud_probability), 0);
}

TEST(Sky, GivesCloudsAndSnowTheirProbabilities) {
  const Sky sky = make_sky({30, 20, 3}, 4, 0, kSidePx);
  for (std::size_t pixel = 0; pixel < sky.scl.size(); ++pixel) {
    const auto code = static_cast<Scl>(sky.scl[pixel]);
    const bool is_cloud = code == Scl::cloud_medium || code == Scl::cloud_high || code == Scl::thin_cirrus;
    ASSERT_EQ(sky.cloud_probability[pixel] > 0, is_cloud);
    ASSERT_EQ(sky.snow_probability[pixel] > 0, code == Scl::snow);
  }
}

TEST(Sky, CutsNoDataAlongThe60MetreGrid) {
  const Sky sky = make_sky({5, 0, 4}, 1, 0, kSidePx);
  for (int row = 0; row < kSidePx; ++row) {
    for (int column = 0; column < kSidePx; ++column) {
      const Scl coarse = sky.at(column - column % 3, row - row % 3);
      ASSERT_EQ(sky.at(column, row) == Scl::no_data, coarse == Scl::no_data);
    }
  }
}

TEST(Sky, DiffersBetweenProductsAndSeeds) {
  const SkyOptions options;
  const Sky sky = make_sky(options, 1, 0, kSidePx);
  EXPECT_EQ(sky.scl, make_sky(options, 1, 0, kSidePx).scl);
  EXPECT_NE(sky.scl, make_sky(options, 1, 1, kSidePx).scl);
  EXPECT_NE(sky.scl, make_sky(options, 2, 0, kSidePx).scl);
}

}  // namespace
}  // namespace eoshard::synth
