#include "libingest/decode/harmonisation.hpp"

#include <algorithm>

namespace eoshard::ingest {

PixelMoments harmonise(std::span<std::uint16_t> pixels, int offset) {
  PixelMoments moments;
  for (std::uint16_t& pixel : pixels) {
    const int stored = pixel == 0 ? 0 : std::clamp(pixel + offset, 1, 0xffff);
    pixel = static_cast<std::uint16_t>(stored);
    moments.sum += pixel;
    moments.sum_of_squares += std::uint64_t{pixel} * pixel;
    moments.minimum = std::min(moments.minimum, pixel);
    moments.maximum = std::max(moments.maximum, pixel);
  }
  moments.has_zero = moments.minimum == 0;
  return moments;
}

}  // namespace eoshard::ingest
