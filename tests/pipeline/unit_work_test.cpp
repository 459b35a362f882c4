#include "libingest/pipeline/unit_work.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "libingest/decode/jp2_structure.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/pipeline/calibration_sample.hpp"
#include "libingest/pipeline/rate_calibration.hpp"
#include "tests/decode/jp2_image.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

// Three by three patches, two bands; the tiles of the 10 m band are 128 pixels, so that patches cross them.
class UnitWorkTest : public testing::Test {
 protected:
  UnitWorkTest() {
    options_.bands = {"B02", "B05"};
    scan_.product.name = "S2A_X";
    scan_.product.geometry = {32632, 300000, 5500020, 360};
    scan_.product.band_files = {{"B02", write_jp2(folder_.path() / "b02.jp2", 360, 128)},
                                {"B05", write_jp2(folder_.path() / "b05.jp2", 180, 60, 8)}};
    scan_.grid = {3, 3};
    scan_.patches.resize(9);
  }

  void keep_only(int index) {
    for (int other = 0; other < scan_.grid.count(); ++other) {
      if (other != index) scan_.patches[static_cast<std::size_t>(other)].rejected = RejectReason::cloud;
    }
  }

  CalibrationSettings settings() const {
    CalibrationSettings settings;
    settings.upsample = UpsampleMethod::bicubic;
    settings.scratch = folder_.path();
    return settings;
  }

  static double total(const std::vector<std::uint64_t>& bytes) {
    return static_cast<double>(std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0}));
  }

  TemporaryFolder folder_;
  IngestOptions options_;
  ProductScan scan_;
};

TEST_F(UnitWorkTest, AFullProductAsksForAllItsPixelsAndBytes) {
  const auto units = work_of_units(scan_, stored_arrays(options_));
  ASSERT_EQ(units.size(), 2u);
  const BandWork& fine = units[0].front();
  EXPECT_EQ(fine.codeblock_px, 4096);
  EXPECT_EQ(fine.tile_pixels, 360.0 * 360.0);
  EXPECT_EQ(fine.tile_bytes, total(read_jp2_coding(scan_.product.band_files.at("B02")).tile_bytes));
  EXPECT_EQ(fine.patch_pixels, 9 * 120.0 * 120.0);
  EXPECT_EQ(units[1].front().codeblock_px, 64);
  EXPECT_EQ(fine.files, 1);
}

// Patch (2, 0) covers the columns 240 to 359 at 10 m, so the tiles 1 and 2 of the first row: 128 + 104 columns of 128
// rows; at 20 m it is just the third tile of the first row.
TEST_F(UnitWorkTest, OnlyTilesThatHoldACandidateCount) {
  keep_only(2);
  const auto units = work_of_units(scan_, stored_arrays(options_));
  EXPECT_EQ(units[0].front().tile_pixels, (128.0 + 104.0) * 128.0);
  const auto bytes = read_jp2_coding(scan_.product.band_files.at("B05")).tile_bytes;
  EXPECT_EQ(units[1].front().tile_bytes, static_cast<double>(bytes[2]));
  EXPECT_EQ(units[1].front().patch_pixels, 60.0 * 60.0);
}

TEST_F(UnitWorkTest, UpsamplingMakesOneUnitThatHoldsAllArrays) {
  options_.upsample = "bilinear";
  const auto units = work_of_units(scan_, stored_arrays(options_));
  ASSERT_EQ(units.size(), 1u);
  ASSERT_EQ(units[0].size(), 2u);
  EXPECT_EQ(units[0][1].patch_pixels, 9 * 60.0 * 60.0);
  EXPECT_EQ(units[0][1].upsampled_pixels, 9 * 120.0 * 120.0);
}

// Patch (2, 0) at 20 m is the third tile of the first row; its surroundings reach into the second and the row below.
TEST_F(UnitWorkTest, UpsamplingAsksForTilesBesideACandidate) {
  keep_only(2);
  options_.upsample = "bilinear";
  const auto units = work_of_units(scan_, stored_arrays(options_), UpsampleMethod::bilinear);
  EXPECT_EQ(units[0][1].tile_pixels, 4 * 60.0 * 60.0);
  EXPECT_EQ(work_of_units(scan_, stored_arrays(options_), UpsampleMethod::nearest)[0][1].tile_pixels, 60.0 * 60.0);
}

TEST_F(UnitWorkTest, CalibrationMeasuresARateForEachCodeBlockSize) {
  const std::vector<ProductScan> scans = {scan_};
  const WorkRates rates = calibrate_rates(scans, stored_arrays(options_), settings());
  ASSERT_EQ(rates.size(), 2u);
  for (const int codeblock_px : {64, 4096}) {
    const BandRate& rate = rates.at(codeblock_px);
    EXPECT_GT(rate.per_pixel_s + rate.per_byte_s, 0) << codeblock_px;
    EXPECT_GT(rate.per_patch_pixel_s, 0) << codeblock_px;
    EXPECT_GT(rate.per_file_s, 0) << codeblock_px;
    EXPECT_EQ(rate.per_upsampled_pixel_s, 0) << codeblock_px;
  }
}

TEST_F(UnitWorkTest, CalibrationMeasuresUpsamplingWhereThereIsAny) {
  options_.upsample = "bicubic";
  options_.no_native = true;
  for (const auto& [codeblock_px, rate] :
       calibrate_rates(std::vector<ProductScan>{scan_}, stored_arrays(options_), settings())) {
    EXPECT_GT(rate.per_upsampled_pixel_s, 0) << codeblock_px;
    EXPECT_EQ(rate.per_patch_pixel_s, 0) << codeblock_px;
  }
}

TEST_F(UnitWorkTest, WithoutACandidateThereAreStandardRates) {
  for (ScannedPatch& patch : scan_.patches) patch.rejected = RejectReason::cloud;
  const WorkRates rates = calibrate_rates(std::vector<ProductScan>{scan_}, stored_arrays(options_), settings());
  EXPECT_EQ(rates.at(4096).per_pixel_s, standard_rates().at(4096).per_pixel_s);
}

TEST(SampleEvenly, TakesTheMiddleOfEachShare) {
  EXPECT_EQ(sample_evenly(10, 2), (std::vector<std::size_t>{2, 7}));
  EXPECT_EQ(sample_evenly(3, 8), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_TRUE(sample_evenly(0, 8).empty());
}

// Sorted by bytes as tiles_by_codeblock() gives them.
std::vector<SampleTile> tiles_of(const std::vector<double>& bytes) {
  std::vector<SampleTile> tiles;
  for (const double size : bytes) tiles.push_back({"band.jp2", 60, {static_cast<int>(tiles.size()), 0, 1, size}});
  return tiles;
}

std::vector<int> drawn_columns(const std::vector<double>& bytes, std::size_t wanted) {
  std::vector<int> columns;
  for (const SampleTile& tile : draw_by_bytes(tiles_of(bytes), wanted)) columns.push_back(tile.tile.column);
  return columns;
}

TEST(CalibrationSample, ATileIsDrawnByItsShareOfTheBytes) {
  EXPECT_EQ(drawn_columns({1, 1, 1, 1}, 2), (std::vector<int>{1, 3}));          // 1 and 3 bytes into 4
  EXPECT_EQ(drawn_columns({1, 1, 1, 1, 50, 50}, 2), (std::vector<int>{4, 5}));  // small ones do not crowd them out
  EXPECT_EQ(drawn_columns({1, 1, 98}, 2), (std::vector<int>{2}));               // none twice
  EXPECT_EQ(drawn_columns({1, 2, 3}, 3), (std::vector<int>{0, 1, 2}));
  EXPECT_TRUE(drawn_columns({}, 8).empty());
}

}  // namespace
}  // namespace eoshard::ingest
