#include "libingest/decode/harmonisation.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace eoshard::ingest {
namespace {

TEST(Harmonise, AddsTheOffsetAndKeepsNoDataApart) {
  std::vector<std::uint16_t> pixels = {0, 1, 700, 1000, 1001, 3500, 65535};
  const PixelMoments moments = harmonise(pixels, -1000);
  EXPECT_EQ(pixels, (std::vector<std::uint16_t>{0, 1, 1, 1, 1, 2500, 64535}));
  EXPECT_TRUE(moments.has_zero);
  EXPECT_EQ(moments.maximum, 64535);
  EXPECT_EQ(moments.minimum, 0);
}

TEST(Harmonise, WithoutOffsetNothingChanges) {
  std::vector<std::uint16_t> pixels = {1, 700, 65535};
  const PixelMoments moments = harmonise(pixels, 0);
  EXPECT_EQ(pixels, (std::vector<std::uint16_t>{1, 700, 65535}));
  EXPECT_FALSE(moments.has_zero);
  EXPECT_EQ(moments.sum, 1u + 700u + 65535u);
  EXPECT_EQ(moments.sum_of_squares, 1u + 490000u + 65535ull * 65535ull);
}

TEST(Harmonise, APositiveOffsetSaturates) {
  std::vector<std::uint16_t> pixels = {65000};
  harmonise(pixels, 1000);
  EXPECT_EQ(pixels[0], 65535);
}

TEST(MomentsOf, AreThoseOfHarmonisingByNothing) {
  std::vector<std::uint16_t> pixels(10000);
  for (std::size_t pixel = 0; pixel < pixels.size(); ++pixel) pixels[pixel] = static_cast<std::uint16_t>(7 * pixel + 1);
  const PixelMoments moments = moments_of(pixels);
  const PixelMoments expected = harmonise(pixels, 0);
  EXPECT_EQ(moments.sum, expected.sum);
  EXPECT_EQ(moments.sum_of_squares, expected.sum_of_squares);
  EXPECT_EQ(moments.minimum, expected.minimum);
  EXPECT_EQ(moments.maximum, expected.maximum);
  EXPECT_EQ(moments.has_zero, expected.has_zero);
}

TEST(Moments, OfBytesAreThoseOfTheSameNumbers) {
  std::vector<std::uint8_t> bytes(10000);
  for (std::size_t pixel = 0; pixel < bytes.size(); ++pixel)
    bytes[pixel] = static_cast<std::uint8_t>(7 * pixel % 251 + 3);
  const PixelMoments moments = moments_of(bytes);
  const PixelMoments expected = moments_of(std::vector<std::uint16_t>(bytes.begin(), bytes.end()));
  EXPECT_EQ(moments.sum, expected.sum);
  EXPECT_EQ(moments.sum_of_squares, expected.sum_of_squares);
  EXPECT_EQ(moments.minimum, 3);
  EXPECT_EQ(moments.maximum, expected.maximum);
}

}  // namespace
}  // namespace eoshard::ingest
