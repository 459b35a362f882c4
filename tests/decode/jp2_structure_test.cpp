#include "libingest/decode/jp2_structure.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "tests/decode/jp2_image.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

class Jp2CodingTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string path_ = write_jp2(folder_.path() / "band.jp2", 300, 128, 8);
  std::string bytes_ = read_text_file(path_);

  // Another way to the same numbers: 0xff90 occurs nowhere but at a tile-part's beginning (ISO/IEC 15444-1, table A.1:
  // no coded data holds a code above 0xff8f).
  std::vector<std::uint64_t> distances_of_tile_parts() const {
    std::vector<std::uint64_t> distances;
    const std::string mark("\xff\x90", 2);
    for (std::size_t at = bytes_.find(mark); at != std::string::npos;) {
      const std::size_t next = bytes_.find(mark, at + 2);
      distances.push_back((next == std::string::npos ? bytes_.size() - 2 : next) - at);
      at = next;
    }
    return distances;
  }

  void overwrite(std::size_t offset, const std::string& with) {
    bytes_.replace(offset, with.size(), with);
    write_file(path_, bytes_, Durability::rename_only);
  }
};

TEST_F(Jp2CodingTest, BytesOfTilesAreThoseBetweenTheirMarkers) {
  const Jp2Coding coding = read_jp2_coding(path_);
  ASSERT_EQ(coding.tile_bytes.size(), 9u);
  EXPECT_EQ(coding.tile_bytes, distances_of_tile_parts());
}

TEST_F(Jp2CodingTest, KnowsTheCodeBlockSize) {
  EXPECT_EQ(read_jp2_coding(path_).codeblock_px, 64);
  EXPECT_EQ(read_jp2_coding(write_jp2(folder_.path() / "b.jp2", 64, 64, 64)).codeblock_px, 4096);
  EXPECT_EQ(read_jp2_coding(write_jp2(folder_.path() / "c.jp2", 64, 64, 4)).codeblock_px, 16);
}

TEST_F(Jp2CodingTest, ALastTilePartMayLeaveItsLengthOpen) {
  const auto expected = read_jp2_coding(path_).tile_bytes;
  overwrite(bytes_.rfind(std::string("\xff\x90", 2)) + 6, std::string(4, '\0'));
  EXPECT_EQ(read_jp2_coding(path_).tile_bytes, expected);
}

TEST_F(Jp2CodingTest, MarkersThatDoNotFitTogetherAreRefused) {
  const std::size_t tile_part = bytes_.find(std::string("\xff\x90", 2));
  overwrite(tile_part + 6, "\xff\xff\xff\xff");  // longer than the file
  EXPECT_THROW(read_jp2_coding(path_), Error);
  overwrite(tile_part + 6, std::string(3, '\0') + "\x01");  // shorter than its own header
  EXPECT_THROW(read_jp2_coding(path_), Error);
  overwrite(tile_part + 4, "\x10\x10");  // no such tile
  EXPECT_THROW(read_jp2_coding(path_), Error);
}

TEST_F(Jp2CodingTest, AnyByteOfTheMainHeaderMayBeDamaged) {
  const std::size_t header = bytes_.find(std::string("\xff\x4f", 2));
  const std::size_t end = bytes_.find(std::string("\xff\x90", 2)) + 12;
  const std::string whole = bytes_;
  for (std::size_t offset = header; offset < end; ++offset) {
    for (const char value : {'\x00', '\x7f', '\xff'}) {
      bytes_ = whole;
      overwrite(offset, std::string(1, value));
      try {
        EXPECT_LE(read_jp2_coding(path_).tile_bytes.size(), 65535u);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::input);
      }
    }
  }
}

}  // namespace
}  // namespace eoshard::ingest
