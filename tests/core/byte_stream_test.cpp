#include "libingest/core/byte_stream.hpp"

#include <gtest/gtest.h>

namespace eoshard {
namespace {

TEST(ByteStream, GivesBackWhatWasAppended) {
  ByteWriter writer;
  writer.number(std::int32_t{-7});
  writer.text("a patch");
  writer.text("");
  writer.number(3.5);
  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.number<std::int32_t>(), -7);
  EXPECT_EQ(reader.text(), "a patch");
  EXPECT_EQ(reader.text(), "");
  EXPECT_EQ(reader.number<double>(), 3.5);
  EXPECT_TRUE(reader.is_at_end());
}

TEST(ByteStream, EndsAreNoticed) {
  ByteWriter writer;
  writer.text("a patch");
  const std::string cut = writer.bytes().substr(0, 10);
  ByteReader reader(cut);
  EXPECT_THROW(reader.text(), Error);
  EXPECT_THROW(ByteReader("").number<int>(), Error);
}

}  // namespace
}  // namespace eoshard
