// Checkpoints: the bytes as a whole file, and as what precedes a trailer that fits.
#include <array>
#include <cstring>

#include "libingest/shard/crc32c.hpp"
#include "libtrain/checkpoint/checkpoint.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

std::string trailer_of(std::string_view body) {
  const std::uint32_t checksum = eoshard::ingest::crc32c(std::as_bytes(std::span(body)));
  std::array<char, sizeof checksum> bytes;
  std::memcpy(bytes.data(), &checksum, sizeof checksum);
  return "EOSHARD1" + std::string(bytes.data(), bytes.size());
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  static const eoshard::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "step-00000001.ckpt";
  const std::string body(eoshard::as_text(data, bytes));
  for (const std::string& text : {body, body + trailer_of(body)}) {
    eoshard::put_file(path, text);
    eoshard::read_or_refuse([&] { eoshard::train::read_checkpoint(path); });
  }
  return 0;
}
