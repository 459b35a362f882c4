#include "libingest/archive/byte_values.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace eoshard::ingest {
namespace {

std::vector<std::uint8_t> numbers(std::size_t count, unsigned seed) {
  std::mt19937 draw(seed);
  std::vector<std::uint8_t> values(count);
  for (std::uint8_t& value : values) value = static_cast<std::uint8_t>(draw() % (draw() % 256 + 1));  // of every length
  return values;
}

std::string line_of(const std::vector<std::uint8_t>& values) {
  std::string line;
  for (const std::uint8_t value : values) line += (line.empty() ? "" : ",") + std::to_string(value);
  return line;
}

bool is_read(std::string_view line, std::size_t columns) {
  std::vector<std::uint8_t> values(columns);
  return read_byte_values(line, values);
}

TEST(ByteValues, AreReadFromLinesOfAnyLength) {
  for (std::size_t columns = 1; columns <= 200; ++columns) {
    const std::vector<std::uint8_t> expected = numbers(columns, static_cast<unsigned>(columns));
    std::vector<std::uint8_t> found(columns);
    ASSERT_TRUE(read_byte_values(line_of(expected), found)) << line_of(expected);
    EXPECT_EQ(found, expected);
  }
}

TEST(ByteValues, ZerosBeforeANumberDoNotMatter) {
  std::vector<std::uint8_t> found(3);
  ASSERT_TRUE(read_byte_values("007,00,012", found));
  EXPECT_EQ(found, (std::vector<std::uint8_t>{7, 0, 12}));
}

TEST(ByteValues, OtherLinesAreTold) {
  for (const char* line : {"",   ",",  "1,",  ",1", "1,,2", "256", "999", "1000", "0007", "-1",  "+1",
                           "1 ", " 1", "1.0", "a",  "1;2",  "/",   ":",   "\x80", "\xb1", "1\t", "1\r"}) {
    EXPECT_FALSE(is_read(line, 1)) << line;
    EXPECT_FALSE(is_read(std::string("12,") + line, 2)) << line;
    EXPECT_FALSE(is_read(line_of(numbers(100, 1)) + "," + line + ",17", 102)) << line;
  }
  EXPECT_FALSE(is_read("1,2", 1));
  EXPECT_FALSE(is_read("1,2", 3));
  EXPECT_FALSE(is_read(line_of(numbers(300, 2)), 299));
}

// Whatever byte takes the place of another one.
TEST(ByteValues, NoByteButADigitOrACommaPasses) {
  const std::string whole = line_of(numbers(40, 3));
  for (std::size_t place = 0; place < whole.size(); ++place) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string line = whole;
      line[place] = static_cast<char>(byte);
      const bool is_digit = byte >= '0' && byte <= '9';
      if (!is_digit && byte != ',') {
        EXPECT_FALSE(is_read(line, 40)) << place << ' ' << byte;
      }
    }
  }
}

}  // namespace
}  // namespace eoshard::ingest
