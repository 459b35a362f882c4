// upsample_band METHOD FACTOR SIZE < band > upsampled: a square band of raw uint16 pixels, for comparison with others'
// software.
#include <cstdio>
#include <string>
#include <vector>

#include "libingest/resample/upsample.hpp"

int main(int, char** argv) {
  using namespace eoshard::ingest;
  const Upsampler upsampler(parse_upsample_method(argv[1]), std::stoi(argv[2]));
  const int size = std::stoi(argv[3]);
  std::vector<std::uint16_t> band(static_cast<std::size_t>(size) * static_cast<std::size_t>(size));
  if (std::fread(band.data(), sizeof(std::uint16_t), band.size(), stdin) != band.size()) return 1;
  std::vector<std::uint16_t> out(band.size() * static_cast<std::size_t>(upsampler.factor() * upsampler.factor()));
  UpsampleBuffers buffers;
  upsampler.run({band, size, size, 0, 0, size}, out, buffers);
  return std::fwrite(out.data(), sizeof(std::uint16_t), out.size(), stdout) == out.size() ? 0 : 1;
}
