#include "libingest/pipeline/product_scan.hpp"

#include <gtest/gtest.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

ProductScan example() {
  ProductScan scan;
  scan.product.name = "S2A_X_2023";
  scan.product.id_stem = "S2A_X";
  scan.product.path = "in/caf\xe9.zip";
  scan.product.root = "/vsizip/{in/caf\xe9.zip}/S2A_X.SAFE";
  scan.product.processed = "20230101T000000";
  scan.product.metadata_files = {"MTD_MSIL2A.xml"};
  scan.product.cloud_probability_file = "cloud.jp2";
  scan.product.snow_probability_file = "snow.jp2";
  scan.product.geometry = {32632, 300000, 5500020, 240};
  scan.product.boa_add_offset = {{"B01", -1000}};
  scan.product.band_files = {{"B01", "b01.jp2"}};
  scan.grid = {2, 2};
  scan.patches.resize(4);
  scan.patches[1].rejected = RejectReason::no_data;
  scan.patches[2].scl.cloud = 3600;
  scan.patches[2].split = 2;
  scan.patches[2].labels = {std::uint64_t{1} << 43 | 1, 14400};
  return scan;
}

TEST(ProductScan, FileRoundTripKeepsEverything) {
  const std::string bytes = serialise_scan(example());
  const ProductScan read = parse_scan(bytes);
  EXPECT_EQ(serialise_scan(read), bytes);
  EXPECT_EQ(read.patches[1].rejected, RejectReason::no_data);
  EXPECT_EQ(read.patches[0].rejected, std::nullopt);
  EXPECT_EQ(read.patches[2].scl.cloud, 3600);
  EXPECT_EQ(read.patches[2].split, 2);
  EXPECT_EQ(read.patches[2].labels.classes, std::uint64_t{1} << 43 | 1);
  EXPECT_EQ(read.product.id_stem, "S2A_X");
  EXPECT_EQ(read.product.root, example().product.root) << "bytes that are no UTF-8 are kept";
  EXPECT_EQ(read.product.processed, "20230101T000000");
  EXPECT_EQ(read.product.metadata_files, example().product.metadata_files);
  EXPECT_EQ(read.product.snow_probability_file, "snow.jp2");
  EXPECT_EQ(read.product.boa_add_offset.at("B01"), -1000);
}

TEST(ProductScan, CandidatesComeRowByRow) {
  EXPECT_EQ(example().candidates(), (std::vector<PatchPosition>{{0, 0}, {0, 1}, {1, 1}}));
}

TEST(ProductScan, ADamagedFileIsAnError) {
  const std::string bytes = serialise_scan(example());
  EXPECT_THROW(parse_scan(bytes.substr(0, bytes.size() / 2)), Error);
}

}  // namespace
}  // namespace eoshard::ingest
