#include "libingest/gdal/geographic.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

TEST(GeographicTransform, CentralMeridianAndEquator) {
  const auto [longitude, latitude] = GeographicTransform(32632)(500000, 0);
  EXPECT_NEAR(longitude, 9, 1e-9);
  EXPECT_NEAR(latitude, 0, 1e-9);
}

// Upper-left corner of tile T32ULV, as rasterio.warp.transform gives it.
TEST(GeographicTransform, CornerOfATile) {
  const auto [longitude, latitude] = GeographicTransform(32632)(300000, 5500020);
  EXPECT_NEAR(longitude, 6.230932063, 1e-8);
  EXPECT_NEAR(latitude, 49.619596875, 1e-8);
}

TEST(GeographicTransform, RefusesAnUnknownSystem) { EXPECT_THROW(GeographicTransform(4), Error); }

}  // namespace
}  // namespace eoshard::ingest
