#include "libingest/resample/upsample.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr UpsampleMethod kAllMethods[] = {UpsampleMethod::nearest, UpsampleMethod::bilinear, UpsampleMethod::bicubic};

struct Band {
  int size;
  std::vector<std::uint16_t> pixels;

  std::uint16_t& at(int column, int row) { return pixels[static_cast<std::size_t>(row * size + column)]; }
  std::uint16_t clamped(int column, int row) const {
    return pixels[static_cast<std::size_t>(std::clamp(row, 0, size - 1) * size + std::clamp(column, 0, size - 1))];
  }
};

Band noise(int size, double zero_share) {
  std::mt19937 draw(static_cast<unsigned>(size));
  std::uniform_int_distribution<int> value(1, 20000);
  std::bernoulli_distribution is_zero(zero_share);
  Band band{size, {}};
  for (int pixel = 0; pixel < size * size; ++pixel) {
    band.pixels.push_back(is_zero(draw) ? std::uint16_t{0} : static_cast<std::uint16_t>(value(draw)));
  }
  return band;
}

std::vector<std::uint16_t> upsample_window(const Upsampler& upsampler, const UpsampleWindow& window) {
  const int side = window.size * upsampler.factor();
  std::vector<std::uint16_t> out(static_cast<std::size_t>(side * side), 0xabcd);
  UpsampleBuffers buffers;
  upsampler.run(window, out, buffers);
  return out;
}

std::vector<std::uint16_t> upsample_band(const Upsampler& upsampler, const Band& band) {
  return upsample_window(upsampler, {band.pixels, band.size, band.size, 0, 0, band.size});
}

// The square's own halo, cut at the edges of the band.
std::vector<std::uint16_t> upsample_square(const Upsampler& upsampler, const Band& band, int x, int y, int size) {
  const int left = std::max(x - upsampler.halo(), 0);
  const int top = std::max(y - upsampler.halo(), 0);
  const int right = std::min(x + size + upsampler.halo(), band.size);
  const int bottom = std::min(y + size + upsampler.halo(), band.size);
  std::vector<std::uint16_t> pixels;
  for (int row = top; row < bottom; ++row) {
    for (int column = left; column < right; ++column) pixels.push_back(band.clamped(column, row));
  }
  return upsample_window(upsampler, {pixels, right - left, bottom - top, x - left, y - top, size});
}

// The definition, in double precision: every no-data pixel is replaced by searching the whole band.
Band filled_by_search(const Band& band) {
  Band filled = band;
  for (int row = 0; row < band.size; ++row) {
    for (int column = 0; column < band.size; ++column) {
      if (band.clamped(column, row) != 0) continue;
      int best = std::numeric_limits<int>::max();
      for (int y = 0; y < band.size; ++y) {
        for (int x = 0; x < band.size; ++x) {
          const int distance = (x - column) * (x - column) + (y - row) * (y - row);
          if (band.clamped(x, y) == 0 || distance >= best) continue;
          best = distance;
          filled.at(column, row) = band.clamped(x, y);
        }
      }
    }
  }
  return filled;
}

double kernel(UpsampleMethod method, double x) {
  x = std::abs(x);
  if (method == UpsampleMethod::bilinear) return std::max(0.0, 1 - x);
  const double a = -0.75;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0;
}

std::vector<double> upsample_by_definition(UpsampleMethod method, int factor, const Band& band) {
  const Band filled = filled_by_search(band);
  std::vector<double> out;
  for (int row = 0; row < band.size * factor; ++row) {
    for (int column = 0; column < band.size * factor; ++column) {
      const double y = (row + 0.5) / factor - 0.5;
      const double x = (column + 0.5) / factor - 0.5;
      double sum = 0;
      for (int tap_y = row / factor - 3; tap_y <= row / factor + 3; ++tap_y) {
        for (int tap_x = column / factor - 3; tap_x <= column / factor + 3; ++tap_x) {
          sum += kernel(method, y - tap_y) * kernel(method, x - tap_x) * filled.clamped(tap_x, tap_y);
        }
      }
      const bool has_data = band.clamped(column / factor, row / factor) != 0;
      out.push_back(has_data ? std::clamp(sum, 1.0, 65535.0) : 0);
    }
  }
  return out;
}

TEST(UpsampleMethods, HaveNames) {
  for (const UpsampleMethod method : kAllMethods) EXPECT_EQ(parse_upsample_method(name_of(method)), method);
  try {
    parse_upsample_method("cubic");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_THAT(error.what(), HasSubstr("\"cubic\"; take nearest, bilinear or bicubic"));
  }
}

TEST(Upsampler, FactorOneCopies) {
  const Band band = noise(12, 0.1);
  for (const UpsampleMethod method : kAllMethods) {
    const Upsampler upsampler(method, 1);
    EXPECT_EQ(upsampler.halo(), 0);
    EXPECT_EQ(upsample_band(upsampler, band), band.pixels);
  }
}

TEST(Upsampler, NearestRepeatsPixels) {
  EXPECT_THAT(upsample_band({UpsampleMethod::nearest, 2}, {2, {1, 0, 3, 4}}),
              ElementsAre(1, 1, 0, 0, 1, 1, 0, 0, 3, 3, 4, 4, 3, 3, 4, 4));
}

TEST(Upsampler, BilinearQuartersBetweenPixels) {
  EXPECT_THAT(upsample_band({UpsampleMethod::bilinear, 2}, {2, {100, 200, 300, 400}}),
              ElementsAre(100, 125, 175, 200, 150, 175, 225, 250, 250, 275, 325, 350, 300, 325, 375, 400));
}

TEST(Upsampler, BicubicIsTorchs) {
  const auto found =
      upsample_band({UpsampleMethod::bicubic, 2}, {3, {2000, 2000, 2000, 2000, 3024, 2000, 2000, 2000, 2000}});
  // torch 2.11, interpolate(scale_factor=2, mode="bicubic", align_corners=False), the first two rows
  const std::vector<double> torch = {2011.3906, 1971.7344, 1905.0781, 1905.0781, 1971.7344, 2011.3906,
                                     1971.7344, 2070.1406, 2235.5469, 2235.5469, 2070.1406, 1971.7344};
  for (std::size_t pixel = 0; pixel < torch.size(); ++pixel) EXPECT_EQ(found[pixel], std::lround(torch[pixel]));
}

TEST(Upsampler, KeepsWhatTheDefinitionSays) {
  for (const double zero_share : {0.0, 0.05, 0.5, 0.95}) {
    const Band band = noise(17, zero_share);
    for (const UpsampleMethod method : {UpsampleMethod::bilinear, UpsampleMethod::bicubic}) {
      for (const int factor : {2, 3, 6}) {
        const auto expected = upsample_by_definition(method, factor, band);
        const auto found = upsample_band({method, factor}, band);
        ASSERT_EQ(found.size(), expected.size());
        for (std::size_t pixel = 0; pixel < found.size(); ++pixel) {
          ASSERT_NEAR(found[pixel], expected[pixel], 0.505) << name_of(method) << ' ' << factor << ' ' << zero_share;
        }
      }
    }
  }
}

TEST(Upsampler, SquaresJoinWithoutASeam) {
  constexpr int kSquare = 5;
  for (const double zero_share : {0.0, 0.05, 0.4, 0.9}) {
    const Band band = noise(4 * kSquare + 3, zero_share);
    for (const UpsampleMethod method : kAllMethods) {
      for (const int factor : {1, 2, 6}) {
        const Upsampler upsampler(method, factor);
        const auto whole = upsample_band(upsampler, band);
        const int side = kSquare * factor;
        for (int y = 0; y + kSquare <= band.size; y += kSquare) {
          for (int x = 0; x + kSquare <= band.size; x += kSquare) {
            const auto square = upsample_square(upsampler, band, x, y, kSquare);
            for (int row = 0; row < side; ++row) {
              const auto* expected =
                  &whole[static_cast<std::size_t>((y * factor + row) * band.size * factor + x * factor)];
              ASSERT_TRUE(std::equal(expected, expected + side, square.begin() + row * side))
                  << name_of(method) << ' ' << factor << ' ' << zero_share << " at " << x << ' ' << y;
            }
          }
        }
      }
    }
  }
}

TEST(Upsampler, NoDataDoesNotBleed) {
  Band band{7, std::vector<std::uint16_t>(49, 3000)};
  band.at(3, 3) = band.at(0, 0) = band.at(6, 2) = 0;
  for (const UpsampleMethod method : kAllMethods) {
    auto found = upsample_band({method, 2}, band);
    EXPECT_EQ(std::ranges::count(found, 0), 3 * 4);
    std::erase(found, 0);
    EXPECT_THAT(found, Each(3000));
  }
}

TEST(Upsampler, OfEquallyNearPixelsTheUppermostThenTheLeftmostStandsIn) {
  // Around the hole: 100 above, 200 left, 300 right, 400 below.
  const Band above{3, {500, 100, 500, 200, 0, 300, 500, 400, 500}};
  const Band left{3, {500, 0, 500, 200, 0, 300, 500, 400, 500}};
  const auto beside_hole = [](const Band& band) {  // the output pixel that is 3/4 the right one, 1/4 the hole
    return upsample_band({UpsampleMethod::bilinear, 2}, band)[2 * 6 + 4];
  };
  const auto with_hole = [](Band band, std::uint16_t hole) {
    band.at(1, 1) = hole;
    return band;
  };
  EXPECT_EQ(beside_hole(above), beside_hole(with_hole(above, 100)));
  EXPECT_EQ(beside_hole(left), beside_hole(with_hole(left, 200)));
  EXPECT_NE(beside_hole(with_hole(left, 200)), beside_hole(with_hole(left, 300)));
}

TEST(Upsampler, BicubicOvershootStaysWithinTheRange) {
  Band band{6, std::vector<std::uint16_t>(36, 1)};
  for (int row = 0; row < 6; ++row) {
    for (int column = 3; column < 6; ++column) band.at(column, row) = 65535;
  }
  const auto found = upsample_band({UpsampleMethod::bicubic, 6}, band);
  EXPECT_EQ(std::ranges::min(found), 1);
  EXPECT_EQ(std::ranges::max(found), 65535);
  EXPECT_EQ(found[14], 1);  // torch: below 0
  EXPECT_EQ(found[21], 65535);
}

}  // namespace
}  // namespace eoshard::ingest
