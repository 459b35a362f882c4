#include "libingest/shard/shard_output.hpp"

#include "libingest/shard/shard_writer.hpp"

namespace eoshard::ingest {

ZarrShardOutput::ZarrShardOutput(const std::filesystem::path& split_folder, const std::vector<ArraySpec>& arrays,
                                 std::int64_t shard)
    : split_folder_(split_folder), arrays_(arrays), shard_(shard), writers_(arrays.size()) {}

ZarrShardOutput::~ZarrShardOutput() = default;

void ZarrShardOutput::append(std::size_t array, std::span<const std::byte> chunk) {
  auto& writer = writers_.at(array);
  if (writer == nullptr) {
    const ArraySpec& spec = arrays_.at(array);
    writer = std::make_unique<ShardWriter>(split_folder_ / spec.name, spec, shard_);
  }
  writer->append(chunk);
}

// A second name for the draft's file. Where that cannot be (file systems without links, a file that is there already)
// the chunks are copied.
bool ZarrShardOutput::adopt(std::size_t array, const std::filesystem::path& draft) {
  const ArraySpec& spec = arrays_.at(array);
  const std::filesystem::path path = shard_path(split_folder_ / spec.name, spec, shard_);
  std::filesystem::create_directories(path.parent_path());
  std::error_code error;
  std::filesystem::create_hard_link(draft, path, error);
  return !error;
}

void ZarrShardOutput::close() {
  for (const auto& writer : writers_) {
    if (writer != nullptr) writer->close();
  }
}

}  // namespace eoshard::ingest
