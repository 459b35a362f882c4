#include "libingest/decode/harmonisation.hpp"

#include <algorithm>

#include "libingest/core/vector_clones.hpp"

namespace eoshard::ingest {
namespace {

// Short enough for 32-bit sums, so that the loops vectorise in full width.
constexpr std::size_t kRunPixels = 4096;

EOSHARD_VECTOR_CLONES void shift(std::span<std::uint16_t> pixels, int offset) {
  for (std::uint16_t& pixel : pixels) {
    const int shifted = std::clamp(pixel + offset, 1, 0xffff);
    pixel = static_cast<std::uint16_t>(pixel == 0 ? 0 : shifted);
  }
}

EOSHARD_VECTOR_CLONES void add_moments(std::span<const std::uint8_t> pixels, PixelMoments& moments) {
  std::uint32_t sum = 0, sum_of_squares = 0;
  std::uint8_t minimum = 0xff, maximum = 0;
  for (const std::uint8_t pixel : pixels) {
    sum += pixel;
    sum_of_squares += std::uint32_t{pixel} * pixel;
    minimum = std::min(minimum, pixel);
    maximum = std::max(maximum, pixel);
  }
  moments.sum += sum;
  moments.sum_of_squares += sum_of_squares;
  moments.minimum = std::min<std::uint16_t>(moments.minimum, minimum);
  moments.maximum = std::max<std::uint16_t>(moments.maximum, maximum);
}

EOSHARD_VECTOR_CLONES void add_moments(std::span<const std::uint16_t> pixels, PixelMoments& moments) {
  std::uint32_t sum = 0;
  std::uint64_t sum_of_squares = 0;
  std::uint16_t minimum = moments.minimum, maximum = moments.maximum;
  for (const std::uint16_t pixel : pixels) {
    sum += pixel;
    sum_of_squares += std::uint32_t{pixel} * pixel;
    minimum = std::min(minimum, pixel);
    maximum = std::max(maximum, pixel);
  }
  moments.sum += sum;
  moments.sum_of_squares += sum_of_squares;
  moments.minimum = minimum;
  moments.maximum = maximum;
}

template <class Pixel>
PixelMoments moments_by_runs(std::span<const Pixel> pixels) {
  PixelMoments moments;
  for (; !pixels.empty(); pixels = pixels.subspan(std::min(kRunPixels, pixels.size())))
    add_moments(pixels.first(std::min(kRunPixels, pixels.size())), moments);
  moments.has_zero = moments.minimum == 0;
  return moments;
}

}  // namespace

PixelMoments moments_of(std::span<const std::uint16_t> pixels) { return moments_by_runs(pixels); }
PixelMoments moments_of(std::span<const std::uint8_t> pixels) { return moments_by_runs(pixels); }

PixelMoments harmonise(std::span<std::uint16_t> pixels, int offset) {
  PixelMoments moments;
  while (!pixels.empty()) {
    const auto run = pixels.first(std::min(kRunPixels, pixels.size()));
    if (offset != 0) shift(run, offset);
    add_moments(run, moments);
    pixels = pixels.subspan(run.size());
  }
  moments.has_zero = moments.minimum == 0;
  return moments;
}

}  // namespace eoshard::ingest
