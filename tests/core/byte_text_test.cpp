#include "libingest/core/byte_text.hpp"

#include <gtest/gtest.h>

#include <random>

namespace eoshard {
namespace {

TEST(ByteText, Utf8StaysAsItIs) {
  for (const char* text : {"", "/data/S2A.SAFE", "Żółć/日本/🛰.zip"}) EXPECT_EQ(escape_bytes(text), text);
}

TEST(ByteText, OtherBytesAreEscaped) {
  EXPECT_EQ(escape_bytes("caf\xe9.SAFE"), "caf\\xe9.SAFE");
  EXPECT_EQ(escape_bytes("a\\b"), "a\\\\b");
  EXPECT_EQ(escape_bytes("\xc0\xaf"), "\\xc0\\xaf") << "an overlong form";
  EXPECT_EQ(escape_bytes("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(escape_bytes("\xe2\x82"), "\\xe2\\x82") << "a cut character";
}

TEST(ByteText, AnyBytesComeBack) {
  constexpr std::string_view kAlphabet =
      "\\x4\xe9\xc3\xa9\xf0\x9f\x9b\xb0"
      "a";
  std::mt19937 random(1);
  for (int trial = 0; trial < 2000; ++trial) {
    std::string bytes;
    for (auto length = random() % 12; length > 0; --length) bytes += kAlphabet[random() % kAlphabet.size()];
    EXPECT_EQ(unescape_bytes(escape_bytes(bytes)), bytes);
  }
}

TEST(ByteText, ABackslashThatEscapesNothingStays) { EXPECT_EQ(unescape_bytes("a\\q\\x4g\\"), "a\\q\\x4g\\"); }

}  // namespace
}  // namespace eoshard
