#include "libingest/decode/tile_row.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "libingest/decode/tile_coverage.hpp"
#include "tests/decode/jp2_image.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

// Patches smaller, as large and larger than tiles, across every kind of border.
TEST(CutSquare, JoinsTilesWithoutASeam) {
  constexpr int kSize = 300;
  const TemporaryFolder folder;
  for (const int tile : {64, 128, 320}) {
    const BandReader band(write_jp2(folder.path() / (std::to_string(tile) + ".jp2"), kSize, tile));
    std::vector<std::shared_ptr<TileRow>> rows;
    for (int row = 0; row < band.layout().tile_rows(); ++row) {
      rows.push_back(std::make_shared<TileRow>(band.layout(), row));
      for (int column = 0; column < band.layout().tile_columns(); ++column) decode_tile(band, *rows.back(), column);
    }
    for (const int size : {20, 120}) {
      for (const int x : {0, 57, 100, kSize - size}) {
        for (const int y : {0, 119, kSize - size}) {
          std::vector<std::uint16_t> square(static_cast<std::size_t>(size * size), 0);
          cut_box(rows, {x, y, size, size}, square);
          int wrong = 0;
          for (int at = 0; at < size * size; ++at) {
            wrong += square[static_cast<std::size_t>(at)] != pixel_at(x + at % size, y + at / size);
          }
          EXPECT_EQ(wrong, 0) << "tile " << tile << ", square of " << size << " at " << x << ", " << y;
        }
      }
    }
  }
}

TEST(NeededTiles, AreThoseThatAPatchTouches) {
  const ImageLayout layout{1020, 1020, 256, 256, 2};    // 4 x 4 tiles
  const std::vector<PatchPosition> patches = {{2, 0}};  // pixels 240 to 359: tiles 0 and 1 of the first row
  const auto needed = find_needed_tiles(layout, patches, 120);
  EXPECT_EQ(std::count(needed.begin(), needed.end(), true), 2);
  EXPECT_TRUE(needed[0] && needed[1]);
  EXPECT_DOUBLE_EQ(needed_pixels(layout, needed), 2 * 256 * 256);
  EXPECT_DOUBLE_EQ(needed_pixels(layout, std::vector<bool>(16, true)), 1020.0 * 1020.0);
}

}  // namespace
}  // namespace eoshard::ingest
