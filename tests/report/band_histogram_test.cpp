#include "libingest/report/band_histogram.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace eoshard::ingest {
namespace {

using testing::ElementsAre;

TEST(BandHistogram, QuantilesAreValuesThatOccur) {
  BandHistogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), 0);
  histogram.add(std::array<std::uint16_t, 4>{10, 20, 30, 65535});
  EXPECT_EQ(histogram.quantile(0), 10);
  EXPECT_EQ(histogram.quantile(0.25), 10);
  EXPECT_EQ(histogram.quantile(0.5), 20);
  EXPECT_EQ(histogram.quantile(0.51), 30);
  EXPECT_EQ(histogram.quantile(1), 65535);
}

TEST(BandHistogram, BinsHoldWhatLiesBelowTheEnd) {
  BandHistogram histogram;
  histogram.add(std::array<std::uint16_t, 6>{0, 1, 2, 3, 4, 100});
  EXPECT_THAT(histogram.bins(2, 4), ElementsAre(2, 2));
  EXPECT_THAT(histogram.bins(4, 400), ElementsAre(5, 1, 0, 0));
  EXPECT_EQ(histogram.pixels(), 6);
}

}  // namespace
}  // namespace eoshard::ingest
