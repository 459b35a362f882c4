// Sums the pixels of every sample of one array, read as Zarr: read_zarr DATASET SPLIT ARRAY
#include <cstdint>
#include <cstring>
#include <iostream>

#include "libingest/core/error.hpp"
#include "libingest/shard/dataset_manifest.hpp"
#include "libingest/shard/shard_reader.hpp"

int main(int argc, char** argv) try {
  using namespace eoshard::ingest;
  if (argc != 4) throw eoshard::Error(eoshard::ErrorKind::usage, "read_zarr DATASET SPLIT ARRAY");
  const DatasetManifest manifest = read_manifest(argv[1]);
  const ArrayReader array(split_folder(argv[1], argv[2]) / argv[3]);
  ChunkDecoder decoder(array.spec().codec);
  std::vector<std::byte> scratch, bytes(array.spec().sample_bytes());
  std::vector<std::uint16_t> pixels(bytes.size() / 2);
  std::uint64_t sum = 0;
  for (std::int64_t index = 0; index < manifest.split(argv[2]).samples; ++index) {
    array.read_sample(index, bytes, decoder, scratch);
    std::memcpy(pixels.data(), bytes.data(), bytes.size());
    for (const std::uint16_t pixel : pixels) sum += pixel;
  }
  std::cout << sum << "\n";
} catch (const eoshard::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
