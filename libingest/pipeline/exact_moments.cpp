#include "libingest/pipeline/exact_moments.hpp"

#include <cmath>

namespace eoshard::ingest {
namespace {

std::string decimal(Uint128 value) {
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  return {digits.rbegin(), digits.rend()};
}

Uint128 parse_decimal(const std::string& digits) {
  Uint128 value = 0;
  for (const char digit : digits) value = value * 10 + static_cast<unsigned>(digit - '0');
  return value;
}

}  // namespace

void ExactMoments::add(const PartMoments& patch, std::uint64_t patch_pixels) {
  add(ExactMoments{patch.sum, patch.sum_of_squares, patch_pixels, patch.minimum, patch.maximum});
}

void ExactMoments::add(const ExactMoments& other) {
  sum += other.sum;
  sum_of_squares += other.sum_of_squares;
  pixels += other.pixels;
  minimum = std::min(minimum, other.minimum);
  maximum = std::max(maximum, other.maximum);
}

ExactMoments from_statistics(const BandStatistics& statistics) {
  if (statistics.pixels == 0) return {};
  return {parse_decimal(statistics.sum), parse_decimal(statistics.sum_of_squares), statistics.pixels,
          statistics.minimum, statistics.maximum};
}

BandStatistics to_statistics(const std::string& band, const ExactMoments& moments) {
  BandStatistics statistics;
  statistics.band = band;
  statistics.pixels = moments.pixels;
  statistics.sum = decimal(moments.sum);
  statistics.sum_of_squares = decimal(moments.sum_of_squares);
  if (moments.pixels == 0) return statistics;
  statistics.minimum = moments.minimum;
  statistics.maximum = moments.maximum;
  const auto pixels = static_cast<long double>(moments.pixels);
  const long double mean = static_cast<long double>(moments.sum) / pixels;
  // Σ(x − mean)² = Σx² − n·mean²; 64-bit mantissas leave nothing to lose at these magnitudes.
  const long double variance = static_cast<long double>(moments.sum_of_squares) / pixels - mean * mean;
  statistics.mean = static_cast<double>(mean);
  statistics.standard_deviation = static_cast<double>(std::sqrt(std::max(variance, 0.0L)));
  return statistics;
}

}  // namespace eoshard::ingest
