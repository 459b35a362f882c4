#include "libingest/shard/shard_output.hpp"

#include "libingest/shard/shard_writer.hpp"

namespace eoshard::ingest {

ZarrShardOutput::ZarrShardOutput(const std::filesystem::path& split_folder, const std::vector<ArraySpec>& arrays,
                                 std::int64_t shard) {
  for (const ArraySpec& array : arrays) {
    writers_.push_back(std::make_unique<ShardWriter>(split_folder / array.name, array, shard));
  }
}

ZarrShardOutput::~ZarrShardOutput() = default;

void ZarrShardOutput::append(std::size_t array, std::span<const std::byte> chunk) { writers_.at(array)->append(chunk); }

void ZarrShardOutput::close() {
  for (const auto& writer : writers_) writer->close();
}

}  // namespace eoshard::ingest
