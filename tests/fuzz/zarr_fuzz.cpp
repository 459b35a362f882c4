// zarr.json of an array.
#include "libingest/shard/zarr_array.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/temporary_folder.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  static const eoshard::TemporaryFolder folder;
  eoshard::put_file(folder.path() / "zarr.json", eoshard::as_text(data, bytes));
  eoshard::read_or_refuse([] { eoshard::ingest::read_zarr_array(folder.path()); });
  return 0;
}
