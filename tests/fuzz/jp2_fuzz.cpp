// JPEG 2000 images: the walks through boxes and markers, and tiles by GDAL as far as they are small.
#include <gdal_priv.h>

#include "libingest/decode/band_reader.hpp"
#include "libingest/decode/jp2_structure.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace {

using namespace eoshard::ingest;

constexpr const char* kPath = "/vsimem/band.jp2";
constexpr int kMostTiles = 4;
constexpr int kLongestSide = 512;  // a header may announce any size; the fuzzer has better to do than to decode it

void read_tiles(const BandReader& band) {
  const ImageLayout& layout = band.layout();
  if (layout.tile_width > kLongestSide || layout.tile_height > kLongestSide) return;
  std::vector<std::byte> pixels(static_cast<std::size_t>(layout.tile_width * layout.tile_height) * 2);
  for (int tile = 0; tile < std::min(kMostTiles, layout.tile_columns()); ++tile)
    eoshard::read_or_refuse([&] { band.read_tile(tile, 0, pixels); });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  std::vector<std::uint8_t> copy(data, data + bytes);
  VSIFCloseL(VSIFileFromMemBuffer(kPath, copy.data(), copy.size(), FALSE));
  eoshard::read_or_refuse([] { read_jp2_coding(kPath); });
  eoshard::read_or_refuse([] { read_tiles(BandReader(kPath)); });
  VSIUnlink(kPath);
  return 0;
}
