// MAT 5 files, compressed or not: the variable "train_x".
#include "libingest/archive/mat_array.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/temporary_folder.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace eoshard;
  static const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "a.mat";
  put_file(path, as_text(data, bytes));
  read_or_refuse([&] {
    ingest::MatArray array(path, "train_x");
    std::vector<std::uint8_t> values(std::min<std::size_t>(array.values(), 4096));
    array.read_bytes(0, values);
  });
  return 0;
}
