// Weights: safetensors files.
#include "libtrain/checkpoint/safetensors.hpp"
#include "tests/fuzz/fuzz_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  eoshard::read_or_refuse([&] { eoshard::train::parse_safetensors(std::as_bytes(std::span(data, bytes))); });
  return 0;
}
