#include "libingest/pipeline/shard_assembly.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>

#include "libingest/core/file.hpp"
#include "libingest/core/types.hpp"
#include "libingest/pipeline/single_file.hpp"
#include "libingest/shard/codec.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::size_t kSplits = kSplitNames.size();

std::string split_name(std::size_t split) { return std::string(kSplitNames[split]); }

}  // namespace

ShardAssembly::ShardAssembly(SampleSequence& samples, ShardLayout layout, const Communicator& world,
                             const ProgressCallback& progress)
    : samples_(samples), layout_(std::move(layout)), world_(world), progress_(progress) {
  for (const Hdf5Array& array : hdf5_arrays(layout_.arrays, layout_.classes)) specs_.push_back(array.spec);
}

bool ShardAssembly::is_single_file() const {
  return layout_.formats.hdf5 && layout_.formats.hdf5_layout == Hdf5Layout::single;
}

bool ShardAssembly::has_shards() const { return layout_.formats.zarr || !is_single_file(); }

std::vector<std::pair<std::size_t, std::int64_t>> ShardAssembly::shards() const {
  std::vector<std::pair<std::size_t, std::int64_t>> all;
  if (!has_shards()) return all;
  for (std::size_t split = 0; split < kSplits; ++split) {
    const std::int64_t before = samples_.samples_before(split), samples = samples_.samples(split);
    if (samples == before) continue;  // none, or none new
    for (std::int64_t shard = before / kShardSamples; shard < shard_count(samples); ++shard)
      all.emplace_back(split, shard);
  }
  return all;
}

// On all threads where the samples allow it, but for HDF5, whose library takes one thread at a time.
void ShardAssembly::write_own_shards(Watch& watch) {
  const std::vector<std::pair<std::size_t, std::int64_t>> own = own_shards();
  const auto write = [&](std::size_t item) {
    watch.check();
    write_shard(own[item].first, own[item].second);
    watch.add(0, 1);
  };
  if (samples_.allows_threads() && !layout_.formats.hdf5) {
    tbb::parallel_for(std::size_t{0}, own.size(), write);
  } else {
    for (std::size_t item = 0; item < own.size(); ++item) write(item);
  }
}

std::vector<std::pair<std::size_t, std::int64_t>> ShardAssembly::own_shards() const {
  std::vector<std::pair<std::size_t, std::int64_t>> own;
  const auto all = shards();
  for (std::size_t item = 0; item < all.size(); ++item) {
    if (static_cast<int>(item % static_cast<std::size_t>(world_.size())) == world_.rank()) own.push_back(all[item]);
  }
  return own;
}

void ShardAssembly::report(std::uint64_t done) const {
  if (progress_) progress_({"assemble", done, shards().size(), "shards", ""});
}

std::int64_t ShardAssembly::samples_of_shard(std::size_t split, std::int64_t shard) const {
  return std::min(kShardSamples, samples_.samples(split) - shard * kShardSamples);
}

// One pass an array: every chunk is read once and goes into all formats that do not take the draft.
void ShardAssembly::write_shard(std::size_t split, std::int64_t shard) {
  const std::vector<std::unique_ptr<ShardOutput>> outputs = open_outputs(split, shard);
  const std::int64_t first = shard * kShardSamples;
  const std::int64_t count = samples_of_shard(split, shard);
  for (std::size_t array = 0; array < specs_.size(); ++array) {
    const auto draft = draft_of(split, array, first, count);
    std::vector<ShardOutput*> takers;
    for (const auto& output : outputs) {
      if (!draft || !output->adopt(array, *draft)) takers.push_back(output.get());
    }
    if (takers.empty()) continue;
    visit_chunks(split, array, first, count, [&](std::span<const std::byte> chunk) {
      for (ShardOutput* output : takers) output->append(array, chunk);
    });
  }
  for (const auto& output : outputs) output->close();
}

std::optional<std::filesystem::path> ShardAssembly::draft_of(std::size_t split, std::size_t array, std::int64_t first,
                                                             std::int64_t count) {
  if (array >= layout_.arrays.size()) return {};
  return samples_.draft_of(split, array, first, count);
}

std::vector<std::unique_ptr<ShardOutput>> ShardAssembly::open_outputs(std::size_t split, std::int64_t shard) const {
  std::vector<std::unique_ptr<ShardOutput>> outputs;
  if (layout_.formats.zarr) outputs.push_back(std::make_unique<ZarrShardOutput>(zarr_folder(split), specs_, shard));
  if (layout_.formats.hdf5 && !is_single_file()) {
    const auto path = hdf5_path(layout_.out, split_name(split), layout_.formats.hdf5_layout, shard);
    std::filesystem::create_directories(path.parent_path());
    outputs.push_back(std::make_unique<Hdf5Writer>(path, hdf5_contents(samples_of_shard(split, shard))));
  }
  return outputs;
}

Hdf5Contents ShardAssembly::hdf5_contents(std::int64_t count) const {
  return {hdf5_arrays(layout_.arrays, layout_.classes), count, layout_.formats.hdf5_compression};
}

// An image's own chunk, copied from its part as it is, or one chunk of a shard's rows.
void ShardAssembly::visit_chunks(std::size_t split, std::size_t array, std::int64_t first, std::int64_t count,
                                 const SampleSequence::VisitChunk& visit) {
  if (array < layout_.arrays.size()) return samples_.visit_chunks(split, array, first, count, visit);
  std::vector<std::byte> rows = samples_.row_values(split, specs_[array], first, count);
  rows.resize(specs_[array].sample_bytes() * static_cast<std::size_t>(kShardSamples));
  visit(ChunkEncoder(specs_[array].codec).encode(rows));
}

// HDF5's filters compress again what the parts hold compressed: its parallel writes take values alone.
void ShardAssembly::write_single_files() {
  if (!is_single_file()) return;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  for (std::size_t split = 0; split < kSplits; ++split) {
    total += static_cast<std::uint64_t>(samples_.samples(split)) * specs_.size();
  }
  for (std::size_t split = 0; split < kSplits; ++split) {
    const auto path = hdf5_path(layout_.out, split_name(split), layout_.formats.hdf5_layout, 0);
    const auto values = [&](std::size_t array, std::int64_t first, std::int64_t count) {
      return sample_values(split, array, first, count);
    };
    write_single_file(path, hdf5_contents(samples_.samples(split)), values, world_, [&](std::int64_t more) {
      done += static_cast<std::uint64_t>(more);
      if (progress_) progress_({"assemble", done, total, "samples of arrays", ""});
    });
  }
}

std::vector<std::byte> ShardAssembly::sample_values(std::size_t split, std::size_t array, std::int64_t first,
                                                    std::int64_t count) {
  if (array >= layout_.arrays.size()) return samples_.row_values(split, specs_[array], first, count);
  const std::size_t bytes = specs_[array].sample_bytes();
  std::vector<std::byte> values(bytes * static_cast<std::size_t>(count));
  std::span<std::byte> room(values);
  ChunkDecoder decoder(specs_[array].codec);
  samples_.visit_chunks(split, array, first, count, [&](std::span<const std::byte> chunk) {
    decoder.decode(chunk, room.first(bytes));
    room = room.subspan(bytes);
  });
  return values;
}

std::filesystem::path ShardAssembly::zarr_folder(std::size_t split) const {
  return split_folder(layout_.out, split_name(split));
}

void ShardAssembly::write_metadata() const {
  for (std::size_t split = 0; split < kSplits; ++split) write_split_metadata(split);
}

void ShardAssembly::write_split_metadata(std::size_t split) const {
  if (layout_.formats.hdf5 && !is_single_file()) {  // empty splits have their folder too
    std::filesystem::create_directories(hdf5_folder(layout_.out, split_name(split)));
  }
  if (!layout_.formats.zarr) return;
  for (const ArraySpec& spec : specs_) {
    const auto folder = zarr_folder(split) / spec.name;
    std::filesystem::create_directories(folder);
    write_file(folder / "zarr.json", zarr_array_metadata(spec, samples_.samples(split)), Durability::rename_only);
  }
  write_file(zarr_folder(split) / "zarr.json", zarr_group_metadata("{}"), Durability::rename_only);
}

}  // namespace eoshard::ingest
