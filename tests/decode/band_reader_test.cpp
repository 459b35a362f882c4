#include "libingest/decode/band_reader.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <thread>

#include "libingest/core/error.hpp"
#include "tests/decode/jp2_image.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

constexpr int kSize = 300, kTile = 128;  // 3 x 3 tiles, the last ones partial

class BandReaderTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string path_ = write_jp2(folder_.path() / "band.jp2", kSize, kTile);
};

int wrong_pixels(const BandReader& band, int column, int row) {
  std::vector<std::uint16_t> pixels(kTile * kTile);
  band.read_tile(column, row, std::as_writable_bytes(std::span(pixels)));
  int wrong = 0;
  for (int y = 0; y < std::min(kTile, kSize - row * kTile); ++y) {
    for (int x = 0; x < std::min(kTile, kSize - column * kTile); ++x) {
      wrong += pixels[static_cast<std::size_t>(y * kTile + x)] != pixel_at(column * kTile + x, row * kTile + y);
    }
  }
  return wrong;
}

TEST_F(BandReaderTest, EveryTileIsItsPartOfTheImage) {
  const BandReader band(path_);
  EXPECT_EQ(band.layout(), (ImageLayout{kSize, kSize, kTile, kTile, 2}));
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 3; ++column) EXPECT_EQ(wrong_pixels(band, column, row), 0) << column << " " << row;
  }
}

TEST_F(BandReaderTest, ThreadsDecodeAtTheSameTime) {
  const BandReader band(path_);
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int row = 0; row < 3; ++row) {
      threads.emplace_back([&, row] {
        for (int column = 0; column < 3; ++column) wrong += wrong_pixels(band, column, row);
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

// A pool would hand the 16 x 16 code-blocks of a tile from thread to thread.
TEST_F(BandReaderTest, ATileIsDecodedByTheCallingThreadAlone) {
  const BandReader band(write_jp2(folder_.path() / "blocks.jp2", kTile, kTile, 8));
  const auto waits = [] {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
  };
  std::vector<std::uint16_t> pixels(kTile * kTile);
  const auto before = waits();
  band.read_tile(0, 0, std::as_writable_bytes(std::span(pixels)));
  EXPECT_LT(waits() - before, 8);
}

TEST_F(BandReaderTest, ATruncatedFileIsRefusedAtOnce) {
  const auto size = std::filesystem::file_size(path_);
  for (const auto cut : {size - 1, size - 100, size / 2, std::uintmax_t{50}, std::uintmax_t{0}}) {
    std::filesystem::resize_file(path_, cut);
    EXPECT_THROW(BandReader{path_}, Error) << "cut to " << cut;
  }
}

TEST_F(BandReaderTest, SizeAndTypeAreChecked) {
  const BandReader band(path_);
  EXPECT_NO_THROW(check_layout(band, kSize, 2));
  EXPECT_THROW(check_layout(band, kSize + 1, 2), Error);
  EXPECT_THROW(check_layout(band, kSize, 1), Error);
}

TEST(BandReader, AMissingFileIsNamed) {
  try {
    BandReader band("/nonexistent/B02.jp2");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("/nonexistent/B02.jp2"), std::string::npos);
  }
}

}  // namespace
}  // namespace eoshard::ingest
