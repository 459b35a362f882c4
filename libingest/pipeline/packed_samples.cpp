#include "libingest/pipeline/packed_samples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::size_t kMaxOpenFiles = 256;

}  // namespace

PackedSamples::PackedSamples(std::vector<std::filesystem::path> parts, std::size_t arrays, std::size_t classes)
    : parts_(std::move(parts)), arrays_(arrays), classes_(classes), files_(parts_.size()) {
  for (std::uint32_t part = 0; part < parts_.size(); ++part) add_part(part);
  sort();
}

void PackedSamples::add_part(std::uint32_t part) {
  PartContents contents = read_sample_part(parts_[part]);
  for (const PartSample& sample : contents.samples) {
    if (sample.chunks.size() != arrays_) {
      throw Error(ErrorKind::io, fmt::format("{} holds other arrays than this run", parts_[part].string()));
    }
    splits_[static_cast<std::size_t>(sample.split)].push_back(
        {keys_.size(), static_cast<std::uint32_t>(sample.key.size()), part, sample.classes, places_.size()});
    keys_ += sample.key;
    places_.insert(places_.end(), sample.chunks.begin(), sample.chunks.end());
    places_.push_back(sample.row);
  }
  for (LeftOutSample& sample : contents.left_out) left_out_.push_back(std::move(sample));
  for (std::size_t split = 0; split < moments_.size(); ++split) {
    moments_[split].resize(contents.moments[split].size());
    for (std::size_t band = 0; band < moments_[split].size(); ++band)
      moments_[split][band].add(contents.moments[split][band]);
  }
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

// Samples of a stream lie in any part: many files are read in turn, and the system allows only so many.
const FileDescriptor& PackedSamples::open_part(std::uint32_t part) {
  if (files_[part]) return files_[part];
  if (open_files_ == kMaxOpenFiles) {
    for (FileDescriptor& file : files_) file = FileDescriptor();
    open_files_ = 0;
  }
  ++open_files_;
  return files_[part] = open_for_reading(parts_[part]);
}

void PackedSamples::visit_chunks(std::size_t split, std::size_t array, std::int64_t first, std::int64_t count,
                                 const VisitChunk& visit) {
  for (std::int64_t index = first; index < first + count; ++index) {
    const Sample& sample = splits_[split][static_cast<std::size_t>(index)];
    const BytePlace place = places_[sample.places + array];
    read_chunk_at(open_part(sample.part), parts_[sample.part], place.offset, place.bytes, chunk_);
    visit(chunk_);
  }
}

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
    const BytePlace place = places_[sample.places + arrays_];
    row.resize(place.bytes);
    read_exactly(open_part(sample.part), place.offset, std::as_writable_bytes(std::span(row)), parts_[sample.part]);
    visit(index++, key_of(sample), row);
  }
}

}  // namespace eoshard::ingest
