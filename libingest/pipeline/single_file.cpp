#include "libingest/pipeline/single_file.hpp"

#include <algorithm>
#include <memory>

namespace eoshard::ingest {
namespace {

constexpr std::int64_t kBatchSamples = 64;  // of data_super: 22 MB a rank

// Two ranks never share a chunk: it would be sent from one to the other to be compressed.
std::int64_t batch_samples(const ArraySpec& spec) {
  return spec.is_chunk_per_sample ? kBatchSamples : spec.chunk_samples();
}

}  // namespace

// What may fail on one rank alone, reading and decoding, is agreed upon before the collective write begins.
void write_single_file(const std::filesystem::path& path, const Hdf5Contents& contents, const SampleValues& values,
                       const Communicator& world, const std::function<void(std::int64_t)>& on_samples) {
  std::unique_ptr<Hdf5Writer> file;
  world.agree([&] { file = std::make_unique<Hdf5Writer>(path, contents, world); });
  for (std::size_t array = 0; array < contents.arrays.size(); ++array) {
    const std::int64_t batch = batch_samples(contents.arrays[array].spec);
    const std::int64_t round = batch * world.size();
    for (std::int64_t begin = 0; begin < contents.samples; begin += round) {
      const std::int64_t first = std::min(begin + batch * world.rank(), contents.samples);
      const std::int64_t count = std::min(batch, contents.samples - first);
      std::vector<std::byte> own;
      world.agree([&] {
        if (count > 0) own = values(array, first, count);
      });
      world.agree([&] { file->write_samples(array, first, count, own); });
      on_samples(std::min(round, contents.samples - begin));
    }
  }
  world.agree([&] { file->close(); });
}

}  // namespace eoshard::ingest
