#include "libingest/assign/decoding_cost.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

const BandRate& rate_of(const WorkRates& rates, int codeblock_px) {
  if (rates.empty()) throw Error(ErrorKind::internal, "there is no rate for any code-block size");
  const auto distance = [&](int other) { return std::abs(std::log2(double(other) / double(codeblock_px))); };
  return std::min_element(rates.begin(), rates.end(),
                          [&](const auto& a, const auto& b) { return distance(a.first) < distance(b.first); })
      ->second;
}

// Rate of one quantity alone.
double slope(double sum_of_squares, double sum_of_products) {
  return sum_of_squares > 0 ? sum_of_products / sum_of_squares : 0;
}

}  // namespace

WorkRates standard_rates() { return {{64 * 64, {1 / 7.1e6}}, {8 * 8, {1 / 4.1e6}}, {4 * 4, {1 / 2.3e6}}}; }

double cost_s(const UnitWork& work, const WorkRates& rates) {
  double seconds = 0;
  for (const BandWork& band : work) {
    const BandRate& rate = rate_of(rates, band.codeblock_px);
    seconds += band.tile_pixels * rate.per_pixel_s + band.tile_bytes * rate.per_byte_s +
               band.patch_pixels * rate.per_patch_pixel_s + band.upsampled_pixels * rate.per_upsampled_pixel_s +
               band.files * rate.per_file_s;
  }
  return seconds;
}

BandRate fit_rate(std::span<const TileTiming> timings) {
  if (timings.empty()) throw Error(ErrorKind::internal, "a rate needs a timing");
  double pp = 0, pb = 0, bb = 0, ps = 0, bs = 0;  // sums of products of pixels, bytes and seconds
  for (const TileTiming& tile : timings) {
    pp += tile.pixels * tile.pixels;
    pb += tile.pixels * tile.bytes;
    bb += tile.bytes * tile.bytes;
    ps += tile.pixels * tile.seconds;
    bs += tile.bytes * tile.seconds;
  }
  // Normal equations of seconds = a pixels + b bytes. Tiles that are all alike determine no second rate.
  const double determinant = pp * bb - pb * pb;
  if (determinant <= 1e-9 * pp * bb) return {slope(pp, ps)};
  const BandRate rate = {(ps * bb - bs * pb) / determinant, (bs * pp - ps * pb) / determinant};
  if (rate.per_byte_s < 0) return {slope(pp, ps)};
  if (rate.per_pixel_s < 0) return {0, slope(bb, bs)};
  return rate;
}

}  // namespace eoshard::ingest
