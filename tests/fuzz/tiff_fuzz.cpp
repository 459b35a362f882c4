// A patch's band as TIFF: our own reader of the plainest, libtiff for the others, and where it lies.
#include <array>

#include "libingest/archive/tiff_image.hpp"
#include "tests/fuzz/fuzz_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace eoshard;
  constexpr int kSide = 16;
  std::array<std::uint16_t, kSide * kSide> pixels;
  read_or_refuse([&] { ingest::decode_tiff(as_text(data, bytes), "band.tif", kSide, pixels); });
  read_or_refuse([&] { ingest::ground_square_of_tiff(as_text(data, bytes), "band.tif"); });
  return 0;
}
