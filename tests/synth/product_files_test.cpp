// Names, baselines, metadata and checksums of the product folders.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tools/eoshard-synth/safe_metadata.hpp"

namespace eoshard::synth {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Baseline, KnowsTheErasApart) {
  const Baseline first = parse_baseline("02.06"), second = parse_baseline("02.14"), third = parse_baseline("04.00"),
                 fourth = parse_baseline("05.11");
  EXPECT_TRUE(first.has_l2a_names);
  EXPECT_FALSE(first.is_georeferenced);
  EXPECT_FALSE(parse_baseline("02.07").has_l2a_names);
  EXPECT_TRUE(second.is_georeferenced);
  EXPECT_EQ(second.boa_add_offset, 0);
  EXPECT_EQ(third.boa_add_offset, -1000);
  EXPECT_EQ(third.checksum, ChecksumKind::md5);
  EXPECT_EQ(fourth.checksum, ChecksumKind::sha3_256);
  EXPECT_EQ(fourth.digits(), "0511");
}

TEST(Baseline, RefusesWhatIsNone) {
  for (const char* name : {"", "4", "4.00", "04.0", "0400", "ab.cd", "01.99", "06.00", "04.00 "}) {
    EXPECT_THROW(parse_baseline(name), Error) << name;
  }
}

TEST(ProductName, FollowsTheConvention) {
  const ProductName name = name_product(parse_baseline("04.00"), "T32ULV", 1);
  EXPECT_EQ(name.product(), "S2B_MSIL2A_20220612T102602_N0400_R108_T32ULV_20220612T153000");
  EXPECT_EQ(name.granule(), "L2A_T32ULV_A010072_20220612T102602");
  EXPECT_EQ(iso_time(name.sensed), "2022-06-12T10:26:02.024Z");
}

TEST(NeighbourTile, GoesEastAndSouthByLetters) {
  EXPECT_EQ(neighbour_tile("T32ULV", 0, 0), "T32ULV");
  EXPECT_EQ(neighbour_tile("T32ULV", 1, 1), "T32UMU");
  EXPECT_EQ(neighbour_tile("T32UHA", 1, 1), "T32UJV");
  for (const char* tile : {"", "32ULV", "T32UIV", "T32ULW", "T32ULVX", "TxxULV"})
    EXPECT_THROW(neighbour_tile(tile, 0, 0), Error) << tile;
}

TEST(ProductMetadata, IsSpelledByEra) {
  const ProductName name = name_product(parse_baseline("02.06"), "T32ULV", 0);
  const std::string first = product_metadata(name, parse_baseline("02.06"), {"GRANULE/g/IMG_DATA/R10m/x"});
  EXPECT_THAT(first, HasSubstr("<IMAGE_FILE_2A>GRANULE/g/IMG_DATA/R10m/x</IMAGE_FILE_2A>"));
  EXPECT_THAT(first, HasSubstr("<PRODUCT_URI_2A>"));
  EXPECT_THAT(first, Not(HasSubstr("BOA_ADD_OFFSET")));
  const std::string last = product_metadata(name, parse_baseline("05.11"), {"x"});
  EXPECT_THAT(last, HasSubstr("<IMAGE_FILE>x</IMAGE_FILE>"));
  EXPECT_THAT(last, HasSubstr(R"(<BOA_ADD_OFFSET band_id="12">-1000</BOA_ADD_OFFSET>)"));
}

TEST(TileMetadata, GivesSizeAndCornerAtEachResolution) {
  const ProductName name = name_product(parse_baseline("04.00"), "T32ULV", 0);
  const std::string text = tile_metadata(name, {32632, 300000, 5500020, 10, 600, 600});
  EXPECT_THAT(text, HasSubstr("<HORIZONTAL_CS_CODE>EPSG:32632</HORIZONTAL_CS_CODE>"));
  EXPECT_THAT(text, HasSubstr(R"(<Size resolution="60"><NROWS>100</NROWS><NCOLS>100</NCOLS></Size>)"));
  EXPECT_THAT(text, HasSubstr(R"(<Geoposition resolution="20"><ULX>300000</ULX><ULY>5500020</ULY><XDIM>20</XDIM>)"));
}

// Known answers: RFC 1321, appendix A.5, and the SHA-3 examples of NIST.
TEST(FileChecksum, MatchesKnownAnswers) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "abc";
  write_file(path, "abc", Durability::rename_only);
  EXPECT_EQ(file_checksum(path, ChecksumKind::md5), "900150983CD24FB0D6963F7D28E17F72");
  EXPECT_EQ(file_checksum(path, ChecksumKind::sha3_256),
            "3A985DA74FE225B2045C172D6BD390BD855F086E3E9D525B46BFE24511431532");
}

}  // namespace
}  // namespace eoshard::synth
