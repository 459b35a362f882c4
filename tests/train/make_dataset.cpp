// Writes a synthetic dataset for the scripts that test eoshard-train:
// make_dataset FOLDER TRAIN VALIDATION TEST [sentinel SIDE | image SIDE] [multi-label | single-label] [CLASSES]
#include <cstdlib>
#include <iostream>

#include "tests/support/synthetic_dataset.hpp"

int main(int argc, char** argv) {
  using namespace eoshard::ingest;
  if (argc < 7) {
    std::cerr << "make_dataset FOLDER TRAIN VALIDATION TEST sentinel|image SIDE [multi-label|single-label] [CLASSES]\n";
    return 2;
  }
  SyntheticDataset wanted;
  wanted.train = std::atoll(argv[2]);
  wanted.validation = std::atoll(argv[3]);
  wanted.test = std::atoll(argv[4]);
  const std::int64_t side = std::atoll(argv[6]);
  wanted.arrays = sentinel_arrays(side);
  if (std::string(argv[5]) == "image")
    wanted.arrays = {{"data", 0, {"red", "green", "blue", "nir"}, {4, side, side}, "uint8"}};
  if (argc > 7) wanted.task = argv[7];
  if (argc > 8) wanted.classes = static_cast<std::size_t>(std::atoll(argv[8]));
  write_synthetic_dataset(argv[1], wanted);
  return 0;
}
