// dataset.json.
#include "libingest/shard/dataset_manifest.hpp"
#include "tests/fuzz/fuzz_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  eoshard::read_or_refuse([&] { eoshard::ingest::parse_manifest(std::string(eoshard::as_text(data, bytes))); });
  return 0;
}
