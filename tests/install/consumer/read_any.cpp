// Sums the bytes of every sample of one array in the first of the dataset's formats: read_any DATASET SPLIT ARRAY
#include <cstdint>
#include <iostream>
#include <string>

#include "libingest/core/error.hpp"
#include "libingest/shard/dataset_manifest.hpp"
#include "libingest/shard/stored_array.hpp"

namespace {

using namespace eoshard::ingest;

const ImageArray& find_array(const DatasetManifest& manifest, const std::string& name) {
  for (const ImageArray& array : manifest.arrays) {
    if (array.name == name) return array;
  }
  throw eoshard::Error(eoshard::ErrorKind::usage, "no array " + name);
}

}  // namespace

int main(int, char** argv) try {
  const DatasetManifest manifest = read_manifest(argv[1]);
  const auto array = open_stored_array(argv[1], argv[2], manifest.formats, image_spec(find_array(manifest, argv[3])),
                                       manifest.split(argv[2]).samples);
  ChunkDecoder decoder(array->spec().codec);
  std::vector<std::byte> scratch, bytes(array->spec().sample_bytes());
  std::uint64_t sum = 0;
  for (std::int64_t index = 0; index < array->samples(); ++index) {
    array->read_sample(index, bytes, decoder, scratch);
    for (const std::byte byte : bytes) sum += static_cast<std::uint64_t>(byte);
  }
  std::cout << sum << "\n";
} catch (const eoshard::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
