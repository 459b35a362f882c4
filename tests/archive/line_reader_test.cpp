#include "libingest/archive/line_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libingest/core/error.hpp"
#include "tests/support/temporary_folder.hpp"

namespace eoshard::ingest {
namespace {

class LineReaderTest : public testing::Test {
 protected:
  LineReader read(std::string_view text) {
    write_file(folder_.path() / "lines.txt", text, Durability::rename_only);
    return LineReader(folder_.path() / "lines.txt");
  }

  TemporaryFolder folder_;
};

TEST_F(LineReaderTest, TakesEitherLineEndAndAMissingLastOne) {
  LineReader lines = read("one\r\n\ntwo\n\r\nthree");
  std::string_view line;
  std::vector<std::pair<std::string, std::uint64_t>> found;
  while (lines.next(line)) found.emplace_back(line, lines.number());
  EXPECT_THAT(found, testing::ElementsAre(testing::Pair("one", 1), testing::Pair("two", 3), testing::Pair("three", 5)));
  EXPECT_THAT(lines.place(), testing::EndsWith("lines.txt: line 5"));
}

TEST_F(LineReaderTest, LinesMayLieAcrossBlocks) {
  std::string text;
  for (int index = 0; index < 300; ++index)
    text += std::string(static_cast<std::size_t>(7919 + index), static_cast<char>('a' + index % 26)) + "\n";
  LineReader lines = read(text);
  std::string_view line;
  std::string joined;
  while (lines.next(line)) joined += std::string(line) + "\n";
  EXPECT_EQ(joined, text);
}

TEST_F(LineReaderTest, AnEmptyFileHasNoLine) {
  std::string_view line;
  EXPECT_FALSE(read("").next(line));
}

TEST_F(LineReaderTest, RefusesWhatIsNoText) {
  LineReader lines = read(std::string(std::size_t{3} << 20, 'x'));
  std::string_view line;
  EXPECT_THROW(lines.next(line), Error);
}

}  // namespace
}  // namespace eoshard::ingest
