#include "libingest/report/html_text.hpp"

#include <gtest/gtest.h>

#include <array>

namespace eoshard::ingest {
namespace {

TEST(EscapeHtml, WhatMarkupIsMadeOf) {
  EXPECT_EQ(escape_html(R"(<a href="x">'&'</a>)"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(escape_html("Forêt – 森林 🌲"), "Forêt – 森林 🌲");
}

TEST(EscapeHtml, WhatIsNoText) {
  EXPECT_EQ(escape_html("a\xff"), "a\uFFFD");
  EXPECT_EQ(escape_html("\xc3"), "\uFFFD");            // cut short
  EXPECT_EQ(escape_html("\xc0\xaf"), "\uFFFD\uFFFD");  // too long a form of '/'
  EXPECT_EQ(escape_html("\xed\xa0\x80").size(), 9);    // a surrogate: three replacements
  EXPECT_EQ(escape_html(std::string_view("\0\x1b", 2)), "\uFFFD\uFFFD");
  EXPECT_EQ(escape_html("a\tb\nc"), "a\tb\nc");
}

// RFC 4648, section 10.
TEST(DataUri, IsBase64) {
  const auto encoded = [](std::string_view text) { return data_uri("text/plain", std::as_bytes(std::span(text))); };
  EXPECT_EQ(encoded(""), "data:text/plain;base64,");
  EXPECT_EQ(encoded("f"), "data:text/plain;base64,Zg==");
  EXPECT_EQ(encoded("fo"), "data:text/plain;base64,Zm8=");
  EXPECT_EQ(encoded("foobar"), "data:text/plain;base64,Zm9vYmFy");
  EXPECT_EQ(encoded("\xfb\xff\xfe"), "data:text/plain;base64,+//+");
}

TEST(Numbers, AsPeopleReadThem) {
  EXPECT_EQ(with_separators(0), "0");
  EXPECT_EQ(with_separators(999), "999");
  EXPECT_EQ(with_separators(1234567), "1,234,567");
  EXPECT_EQ(compact(9999), "9999");
  EXPECT_EQ(compact(12345), "12k");
  EXPECT_EQ(compact(999'600), "1.0M");
  EXPECT_EQ(compact(1'250'000'000), "1.2G");
  EXPECT_EQ(percent(1, 8), "12.5 %");
  EXPECT_EQ(percent(0, 0), "–");
  EXPECT_EQ(percent(1, 100'000), "&lt; 0.1 %");
  EXPECT_EQ(counted(1, "patch"), "1 patch");
  EXPECT_EQ(counted(0, "class"), "0 classes");
  EXPECT_EQ(counted(2, "tile"), "2 tiles");
}

}  // namespace
}  // namespace eoshard::ingest
