#include "tools/eoshard-synth/sky.hpp"

#include <algorithm>
#include <cmath>

#include "tools/eoshard-synth/value_noise.hpp"

namespace eoshard::synth {
namespace {

constexpr double kCloudSizePx = 150;  // 3 km: clouds cover some patches and leave most alone
constexpr double kSnowSizePx = 250;
constexpr int kShadowColumns = -25, kShadowRows = -30;  // the sun stands in the south-east: shadows fall north-west
constexpr int kCoarseStride = 3;                        // 20 m pixels in a 60 m pixel

// Ranks of pixels within a field decide what they are, so that the shares asked for are met.
struct Field {
  std::vector<float> values;  // (side, side)

  // The value that `share` of the pixels exceed.
  float threshold(double share) const {
    std::vector<float> sorted = values;
    const auto kept = static_cast<std::ptrdiff_t>(std::llround((1 - share) * static_cast<double>(sorted.size())));
    if (kept >= static_cast<std::ptrdiff_t>(sorted.size())) return 2;
    std::nth_element(sorted.begin(), sorted.begin() + kept, sorted.end());
    return sorted[static_cast<std::size_t>(kept)];
  }
};

// Blobs of about `size_px` with a ragged rim; values in [-1, 1).
Field make_field(DrawKey key, int side_px, double size_px) {
  const double knots = side_px / size_px;
  const NoiseWindow blobs(key, knots, knots);
  key.stream += 1u << 31;
  const NoiseWindow rims(key, 6 * knots, 6 * knots);
  Field field;
  field.values.reserve(static_cast<std::size_t>(side_px) * side_px);
  for (int row = 0; row < side_px; ++row) {
    for (int column = 0; column < side_px; ++column) {
      const double x = column / size_px, y = row / size_px;
      field.values.push_back(static_cast<float>(0.9 * blobs.at(x, y) + 0.1 * rims.at(6 * x, 6 * y)));
    }
  }
  return field;
}

void set(Sky& sky, std::size_t pixel, Scl code) { sky.scl[pixel] = static_cast<std::uint8_t>(code); }

void add_snow(Sky& sky, const Field& field, double share) {
  const float limit = field.threshold(share);
  for (std::size_t pixel = 0; pixel < sky.scl.size(); ++pixel) {
    if (field.values[pixel] < limit) continue;
    set(sky, pixel, Scl::snow);
    sky.snow_probability[pixel] = 98;
  }
}

// Thick clouds in the middle of a blob, thinner ones around, cirrus at the rim.
void add_clouds(Sky& sky, const Field& field, double share) {
  const float high = field.threshold(0.4 * share), medium = field.threshold(0.75 * share),
              cirrus = field.threshold(share);
  for (std::size_t pixel = 0; pixel < sky.scl.size(); ++pixel) {
    const float value = field.values[pixel];
    if (value < cirrus) continue;
    const bool is_high = value >= high, is_medium = value >= medium;
    set(sky, pixel, is_high ? Scl::cloud_high : is_medium ? Scl::cloud_medium : Scl::thin_cirrus);
    sky.cloud_probability[pixel] = is_high ? 95 : is_medium ? 70 : 35;
    sky.snow_probability[pixel] = 0;
  }
}

bool is_thick_cloud(Scl code) { return code == Scl::cloud_medium || code == Scl::cloud_high; }

bool is_cloud(Scl code) { return is_thick_cloud(code) || code == Scl::thin_cirrus; }

void add_shadows(Sky& sky) {
  for (int row = 0; row < sky.side_px + kShadowRows; ++row) {
    for (int column = 0; column < sky.side_px + kShadowColumns; ++column) {
      const bool is_shaded = is_thick_cloud(sky.at(column - kShadowColumns, row - kShadowRows));
      if (!is_shaded || is_cloud(sky.at(column, row))) continue;
      set(sky, sky.index(column, row), Scl::cloud_shadow);
      sky.snow_probability[sky.index(column, row)] = 0;
    }
  }
}

void cut_corner(Sky& sky, double share) {
  const double leg_px = sky.side_px * std::sqrt(2 * share);
  for (int row = 0; row < sky.side_px; ++row) {
    for (int column = 0; column < sky.side_px; ++column) {
      const int coarse_column = column - column % kCoarseStride, coarse_row = row - row % kCoarseStride;
      if (sky.side_px - coarse_column + coarse_row > leg_px) continue;
      const std::size_t pixel = sky.index(column, row);
      set(sky, pixel, Scl::no_data);
      sky.cloud_probability[pixel] = sky.snow_probability[pixel] = 0;
    }
  }
}

}  // namespace

Sky make_sky(const SkyOptions& options, std::uint64_t seed, int product, int side_px) {
  const auto pixels = static_cast<std::size_t>(side_px) * side_px;
  Sky sky{side_px, std::vector(pixels, static_cast<std::uint8_t>(Scl::vegetation)), std::vector<std::uint8_t>(pixels),
          std::vector<std::uint8_t>(pixels)};
  const auto stream = static_cast<std::uint32_t>(product);
  if (options.snow_percent > 0) {
    add_snow(sky, make_field({seed, Draw::snow, stream}, side_px, kSnowSizePx), options.snow_percent / 100);
  }
  if (options.cloud_percent > 0) {
    add_clouds(sky, make_field({seed, Draw::cloud, stream}, side_px, kCloudSizePx), options.cloud_percent / 100);
    add_shadows(sky);
  }
  if (options.nodata_percent > 0) cut_corner(sky, options.nodata_percent / 100);
  return sky;
}

}  // namespace eoshard::synth
