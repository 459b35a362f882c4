#include "libingest/assign/decoding_cost.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

TEST(Cost, AddsTilesAndPatches) {
  const WorkRates rates = {{4096, {2, 0.5, 0.25, 0.125, 7}}, {16, {10}}};
  EXPECT_DOUBLE_EQ(cost_s({{4096, 3, 4, 8, 16, 2}, {16, 1, 100, 100, 100}}, rates),
                   3 * 2 + 4 * 0.5 + 8 * 0.25 + 16 * 0.125 + 2 * 7 + 10);
  EXPECT_DOUBLE_EQ(cost_s({}, rates), 0);
}

TEST(Cost, TakesTheRateOfTheNearestCodeBlockSize) {
  const WorkRates rates = {{4096, {1}}, {64, {3}}};
  EXPECT_DOUBLE_EQ(cost_s({{1024, 1}}, rates), 1);
  EXPECT_DOUBLE_EQ(cost_s({{16, 1}}, rates), 3);
  EXPECT_THROW(cost_s({{16, 1}}, WorkRates{}), Error);
}

// The megapixels a second and the totals a granule of a measured product: 68, 44 and 3 seconds.
TEST(StandardRates, GiveTheSecondsOfAFullGranule) {
  EXPECT_NEAR(cost_s({{4096, 4.0 * 10980 * 10980}}, standard_rates()), 68, 0.5);
  EXPECT_NEAR(cost_s({{64, 6.0 * 5490 * 5490}}, standard_rates()), 44, 0.5);
  EXPECT_NEAR(cost_s({{16, 2.0 * 1830 * 1830}}, standard_rates()), 3, 0.5);
}

TEST(FitRate, FindsTheRatesThatMadeTheTimings) {
  std::vector<TileTiming> timings;
  for (const double bytes : {1e5, 4e5, 9e5}) timings.push_back({1e6, bytes, 1e6 * 3e-8 + bytes * 2e-7});
  timings.push_back({5e5, 2e5, 5e5 * 3e-8 + 2e5 * 2e-7});
  const BandRate rate = fit_rate(timings);
  EXPECT_NEAR(rate.per_pixel_s, 3e-8, 1e-14);
  EXPECT_NEAR(rate.per_byte_s, 2e-7, 1e-13);
}

TEST(FitRate, TilesThatAreAlikeGiveTheRateOfPixelsAlone) {
  const BandRate rate = fit_rate(std::vector<TileTiming>{{1e6, 2e5, 0.1}, {1e6, 2e5, 0.3}});
  EXPECT_DOUBLE_EQ(rate.per_pixel_s, 0.2 / 1e6);
  EXPECT_EQ(rate.per_byte_s, 0);
  EXPECT_THROW(fit_rate({}), Error);
}

TEST(FitRate, NoRateIsNegative) {
  // Fuller tiles that were faster: bytes explain nothing.
  const BandRate faster = fit_rate(std::vector<TileTiming>{{1e6, 1e5, 0.3}, {1e6, 9e5, 0.1}});
  EXPECT_EQ(faster.per_byte_s, 0);
  EXPECT_GT(faster.per_pixel_s, 0);
  // Seconds that grow faster than in proportion to bytes: pixels explain nothing.
  const BandRate steep = fit_rate(std::vector<TileTiming>{{1e6, 1e5, 0.01}, {1e6, 9e5, 0.3}});
  EXPECT_EQ(steep.per_pixel_s, 0);
  EXPECT_NEAR(steep.per_byte_s, 0.3 / 9e5, 1e-8);
}

}  // namespace
}  // namespace eoshard::ingest
