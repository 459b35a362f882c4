#include "libingest/gdal/projection.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

TEST(EpsgOfProjection, ReadsWktAndNumbers) {
  EXPECT_EQ(epsg_of_projection("EPSG:32629"), 32629);
  EXPECT_EQ(
      epsg_of_projection("PROJCS[\"WGS 84 / UTM zone 33N\",GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\","
                         "6378137,298.257223563]],PRIMEM[\"Greenwich\",0],UNIT[\"degree\",0.0174532925199433]],"
                         "PROJECTION[\"Transverse_Mercator\"],PARAMETER[\"latitude_of_origin\",0],PARAMETER["
                         "\"central_meridian\",15],PARAMETER[\"scale_factor\",0.9996],PARAMETER[\"false_easting\","
                         "500000],PARAMETER[\"false_northing\",0],UNIT[\"metre\",1],AUTHORITY[\"EPSG\",\"32633\"]]"),
      32633);
  EXPECT_THROW(epsg_of_projection("somewhere"), Error);
}

}  // namespace
}  // namespace eoshard::ingest
