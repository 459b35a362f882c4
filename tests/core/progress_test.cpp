#include "libingest/core/progress.hpp"

#include <gtest/gtest.h>

namespace eoshard {
namespace {

TEST(DurationText, ChangesItsUnit) {
  EXPECT_EQ(duration_text(0.4), "0 s");
  EXPECT_EQ(duration_text(119.4), "119 s");
  EXPECT_EQ(duration_text(150), "3 min");
  EXPECT_EQ(duration_text(3600), "60 min");
  EXPECT_EQ(duration_text(2 * 3600), "2 h 00 min");
  EXPECT_EQ(duration_text(3 * 3600 + 5 * 60), "3 h 05 min");
}

TEST(RateText, IsNeverZero) {
  EXPECT_EQ(rate_text(34.4e6), "34 MB/s");
  EXPECT_EQ(rate_text(2.34e6), "2.3 MB/s");
  EXPECT_EQ(rate_text(212e3), "0.21 MB/s");
}

}  // namespace
}  // namespace eoshard
