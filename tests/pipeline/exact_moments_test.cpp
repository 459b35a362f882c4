#include "libingest/pipeline/exact_moments.hpp"

#include <gtest/gtest.h>

namespace eoshard::ingest {
namespace {

TEST(ExactMoments, MeanAndDeviationOfAKnownSet) {
  // 2 4 4 4 5 5 7 9: mean 5, population standard deviation 2
  ExactMoments moments;
  moments.add(PartMoments{2 + 4 + 4 + 4, 4 + 16 * 3, 2, 4}, 4);
  moments.add(PartMoments{5 + 5 + 7 + 9, 25 * 2 + 49 + 81, 5, 9}, 4);
  const BandStatistics statistics = to_statistics("B02", moments);
  EXPECT_DOUBLE_EQ(statistics.mean, 5);
  EXPECT_DOUBLE_EQ(statistics.standard_deviation, 2);
  EXPECT_EQ(statistics.minimum, 2u);
  EXPECT_EQ(statistics.maximum, 9u);
  EXPECT_EQ(statistics.sum, "40");
  EXPECT_EQ(statistics.pixels, 8u);
}

TEST(ExactMoments, SumsOutgrow64Bits) {
  ExactMoments moments;
  const std::uint64_t pixels = std::uint64_t{14400} * 1000;
  const std::uint64_t square = 65535ull * 65535ull;
  for (int part = 0; part < 1000; ++part)
    moments.add(PartMoments{65535 * pixels, square * pixels, 65535, 65535}, pixels);
  const BandStatistics statistics = to_statistics("B02", moments);
  EXPECT_EQ(statistics.sum_of_squares, "61845641640000000000");  // 65535² · 1.44e10, over 2^64
  EXPECT_DOUBLE_EQ(statistics.mean, 65535);
  EXPECT_DOUBLE_EQ(statistics.standard_deviation, 0);
}

TEST(ExactMoments, StatisticsGiveTheSumsBack) {
  ExactMoments moments;
  moments.add(PartMoments{65535ull << 40, 65535ull << 46, 1, 65535}, std::uint64_t{1} << 40);
  for (int doubling = 0; doubling < 20; ++doubling) moments.add(ExactMoments(moments));
  const ExactMoments again = from_statistics(to_statistics("B02", moments));
  EXPECT_TRUE(again.sum == moments.sum && again.sum_of_squares == moments.sum_of_squares);
  EXPECT_EQ(again.pixels, moments.pixels);
  EXPECT_EQ(again.minimum, 1u);
  EXPECT_EQ(again.maximum, 65535u);
  EXPECT_EQ(to_statistics("B02", from_statistics(BandStatistics{})).pixels, 0u);
}

TEST(ExactMoments, NoPixelsGiveZeros) {
  const BandStatistics statistics = to_statistics("B02", {});
  EXPECT_EQ(statistics.mean, 0);
  EXPECT_EQ(statistics.minimum, 0u);
  EXPECT_EQ(statistics.sum, "0");
}

}  // namespace
}  // namespace eoshard::ingest
