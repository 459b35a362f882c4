#include "libingest/pipeline/packed_samples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "libingest/core/error.hpp"
#include "libingest/shard/part_file.hpp"
#include "libingest/shard/shard_reader.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::size_t kMaxOpenFiles = 256;

}  // namespace

PackedSamples::PackedSamples(std::vector<std::filesystem::path> tallies, const std::vector<ImageArray>& arrays,
                             std::size_t classes)
    : tallies_(std::move(tallies)), classes_(classes), indices_(tallies_.size() * arrays.size()) {
  for (const ImageArray& array : arrays) arrays_.push_back(array.name);
  for (std::uint32_t part = 0; part < tallies_.size(); ++part) add_part(part);
  sort();
}

void PackedSamples::add_part(std::uint32_t part) {
  PartContents contents = read_sample_part(tallies_[part]);
  const auto split = static_cast<std::size_t>(contents.split);
  samples_of_part_.push_back(static_cast<std::uint32_t>(contents.samples.size()));
  std::uint16_t position = 0;
  for (const PartSample& sample : contents.samples) {
    splits_[split].push_back({keys_.size(), sample.classes, part, static_cast<std::uint32_t>(sample.row.offset),
                              static_cast<std::uint32_t>(sample.row.bytes),
                              static_cast<std::uint16_t>(sample.key.size()), position++});
    keys_ += sample.key;
  }
  for (LeftOutSample& sample : contents.left_out) left_out_.push_back(std::move(sample));
  moments_[split].resize(contents.moments.size());
  for (std::size_t band = 0; band < contents.moments.size(); ++band) moments_[split][band].add(contents.moments[band]);
}

void PackedSamples::sort() {
  for (std::vector<Sample>& samples : splits_) {
    std::sort(samples.begin(), samples.end(), [&](const Sample& a, const Sample& b) { return key_of(a) < key_of(b); });
    const auto twice = std::adjacent_find(samples.begin(), samples.end(),
                                          [&](const Sample& a, const Sample& b) { return key_of(a) == key_of(b); });
    if (twice == samples.end()) continue;
    throw Error(ErrorKind::input, fmt::format("{} is in the archive twice", key_of(*twice)));
  }
  std::sort(left_out_.begin(), left_out_.end(),
            [](const LeftOutSample& a, const LeftOutSample& b) { return a.key < b.key; });
}

std::string_view PackedSamples::key_of(const Sample& sample) const {
  return std::string_view(keys_).substr(sample.key_offset, sample.key_bytes);
}

std::optional<std::filesystem::path> PackedSamples::draft_of(std::size_t split, std::size_t array, std::int64_t first,
                                                             std::int64_t count) {
  const auto samples =
      std::span(splits_[split]).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
  const std::uint32_t part = samples.front().part;
  if (samples_of_part_[part] != samples.size()) return {};
  for (std::size_t index = 0; index < samples.size(); ++index) {
    if (samples[index].part != part || samples[index].position != index) return {};
  }
  return file_of(part, array);
}

// The tally behind the last array.
std::filesystem::path PackedSamples::file_of(std::uint32_t part, std::size_t array) const {
  return array == arrays_.size() ? tallies_[part] : part_array_file(tallies_[part], arrays_[array]);
}

// --- chunks

// Samples of a stream lie in any part: many files are read in turn, and the system allows only so many.
std::shared_ptr<const PackedSamples::OpenFile> PackedSamples::open(std::uint32_t part, std::size_t array) {
  const std::lock_guard lock(mutex_);
  const auto known = open_.find({part, array});
  if (known != open_.end()) return known->second;
  if (open_.size() == kMaxOpenFiles) open_.clear();
  const std::filesystem::path path = file_of(part, array);
  return open_[{part, array}] = std::make_shared<const OpenFile>(OpenFile{path, open_for_reading(path)});
}

std::shared_ptr<const PackedSamples::Index> PackedSamples::index_of(std::uint32_t part, std::size_t array,
                                                                    const OpenFile& open) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<const Index>& index = indices_[part * arrays_.size() + array];
  constexpr auto kChunks = static_cast<std::size_t>(kShardSamples);
  if (!index) index = std::make_shared<const Index>(read_shard_index(open.file, open.path, kChunks));
  return index;
}

void PackedSamples::visit_chunks(std::size_t split, std::size_t array, std::int64_t first, std::int64_t count,
                                 const VisitChunk& visit) {
  std::vector<std::byte> chunk;
  for (std::int64_t index = first; index < first + count; ++index) {
    const Sample& sample = splits_[split][static_cast<std::size_t>(index)];
    const std::shared_ptr<const OpenFile> part = open(sample.part, array);
    const std::shared_ptr<const Index> places = index_of(sample.part, array, *part);
    const std::size_t entry = 2 * std::size_t{sample.position};
    read_chunk_at(part->file, part->path, (*places)[entry], (*places)[entry + 1], chunk);
    visit(chunk);
  }
}

// --- rows

std::vector<std::byte> PackedSamples::row_values(std::size_t split, const ArraySpec& spec, std::int64_t first,
                                                 std::int64_t count) {
  std::vector<std::byte> rows(spec.sample_bytes() * static_cast<std::size_t>(count));
  const bool are_classes = spec.name == classes_spec(classes_).name;
  std::byte* row = rows.data();
  for (std::int64_t index = first; index < first + count; ++index, row += spec.sample_bytes()) {
    const Sample& sample = splits_[split][static_cast<std::size_t>(index)];
    if (are_classes) {
      for (std::size_t column = 0; column < classes_; ++column)
        row[column] = static_cast<std::byte>(sample.classes >> column & 1);
    } else {
      std::memcpy(row, key_of(sample).data(), sample.key_bytes);
    }
  }
  return rows;
}

std::vector<std::uint64_t> PackedSamples::class_counts(std::size_t split) const {
  std::vector<std::uint64_t> counts(classes_);
  for (const Sample& sample : splits_[split]) {
    for (std::size_t column = 0; column < classes_; ++column) counts[column] += sample.classes >> column & 1;
  }
  return counts;
}

void PackedSamples::visit_rows(std::size_t split,
                               const std::function<void(std::int64_t, std::string_view, std::string_view)>& visit) {
  std::string row;
  std::int64_t index = 0;
  for (const Sample& sample : splits_[split]) {
    const std::shared_ptr<const OpenFile> tally = open(sample.part, arrays_.size());
    row.resize(sample.row_bytes);
    read_exactly(tally->file, sample.row_offset, std::as_writable_bytes(std::span(row)), tally->path);
    visit(index++, key_of(sample), row);
  }
}

}  // namespace eoshard::ingest
