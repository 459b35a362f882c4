// A shard of an array with a chunk a sample: its index, and every chunk.
#include "libingest/shard/shard_reader.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/temporary_folder.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace eoshard;
  using namespace eoshard::ingest;
  static const TemporaryFolder folder;
  ArraySpec spec;
  spec.name = "data_60m";
  spec.sample_shape = {2, 20, 20};
  const std::filesystem::path path = shard_path(folder.path(), spec, 0);
  std::filesystem::create_directories(path.parent_path());
  put_file(path, as_text(data, bytes));
  const ArrayReader array(folder.path(), {spec, 8});
  ChunkDecoder decoder(spec.codec);
  std::vector<std::byte> values(spec.sample_bytes()), scratch;
  for (std::int64_t sample = 0; sample < array.samples(); ++sample)
    read_or_refuse([&] { array.read_sample(sample, values, decoder, scratch); });
  return 0;
}
