#include "libtrain/data/split_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace eoshard::train {

SplitReader::SplitReader(const std::filesystem::path& dataset, const ingest::DatasetManifest& manifest,
                         const std::string& split, const InputSpec& spec, const ClassMapping& mapping, CacheMode cache)
    : folder_(ingest::split_folder(dataset, split)),
      split_(split),
      stored_samples_(manifest.split(split).samples),
      classes_(mapping.is_identity() ? manifest.classes.size() : mapping.classes.size()),
      cache_mode_(cache) {
  for (const ingest::ImageArray& array : spec.arrays) {
    arrays_.push_back(std::make_unique<ingest::ArrayReader>(folder_ / array.name));
    check_array(*arrays_.back(), ingest::image_spec(array).sample_bytes());
  }
  const ingest::ArrayReader labels(folder_ / "classes");
  check_array(labels, manifest.classes.size());
  keep_labels(ingest::read_all_rows(labels), mapping);
  if (cache != CacheMode::none) cache_ = std::make_unique<SampleCache>(samples());
}

void SplitReader::keep_labels(std::vector<std::byte> stored, const ClassMapping& mapping) {
  if (mapping.is_identity()) {
    labels_ = std::move(stored);
    stored_.resize(static_cast<std::size_t>(stored_samples_));
    std::iota(stored_.begin(), stored_.end(), std::int64_t{0});
    return;
  }
  const std::size_t stored_classes = mapping.class_of_stored.size();
  std::vector<std::byte> row(classes_);
  for (std::int64_t sample = 0; sample < stored_samples_; ++sample) {
    const auto first = static_cast<std::size_t>(sample) * stored_classes;
    if (!map_labels(mapping, std::span(stored).subspan(first, stored_classes), row)) continue;
    labels_.insert(labels_.end(), row.begin(), row.end());
    stored_.push_back(sample);
  }
}

std::vector<std::uint64_t> SplitReader::count_classes() const {
  std::vector<std::uint64_t> counts(classes_, 0);
  for (std::size_t at = 0; at < labels_.size(); ++at) counts[at % classes_] += labels_[at] != std::byte{0} ? 1 : 0;
  return counts;
}

void SplitReader::check_array(const ingest::ArrayReader& array, std::size_t sample_bytes) const {
  if (array.samples() == stored_samples_ && array.spec().sample_bytes() == sample_bytes) return;
  throw Error(
      ErrorKind::input,
      fmt::format("{}/{} holds {} samples of {} bytes, but {} says {} of {}", folder_.string(), array.spec().name,
                  array.samples(), array.spec().sample_bytes(), ingest::kManifestName, stored_samples_, sample_bytes));
}

SplitReader::SampleBuffer SplitReader::make_buffer() const {
  SampleBuffer buffer;
  for (const auto& array : arrays_) {
    buffer.decoded.emplace_back(array->spec().sample_bytes());
    buffer.decoders.emplace_back(array->spec().codec);
  }
  return buffer;
}

void SplitReader::read(std::int64_t index, SampleBuffer& buffer) const {
  const std::vector<std::vector<std::byte>>* arrays = &buffer.decoded;
  try {
    switch (cache_mode_) {
      case CacheMode::none: decode(index, buffer); break;
      case CacheMode::compressed: decode_kept(index, buffer); break;
      case CacheMode::decoded:
        arrays = cache_->find(index);
        if (arrays != nullptr) break;
        decode(index, buffer);
        arrays = &cache_->keep(index, buffer.decoded);
    }
  } catch (Error& error) {
    error.add_context(describe(index));
    throw;
  }
  buffer.arrays.assign(arrays->begin(), arrays->end());
}

void SplitReader::decode(std::int64_t index, SampleBuffer& buffer) const {
  for (std::size_t array = 0; array < arrays_.size(); ++array)
    arrays_[array]->read_sample(stored_index(index), buffer.decoded[array], buffer.decoders[array], buffer.chunk);
}

void SplitReader::decode_kept(std::int64_t index, SampleBuffer& buffer) const {
  const SampleCache::Arrays* chunks = cache_->find(index);
  if (chunks == nullptr) {
    SampleCache::Arrays read(arrays_.size());
    for (std::size_t array = 0; array < arrays_.size(); ++array) {
      arrays_[array]->read_chunk(stored_index(index), buffer.chunk);
      read[array].assign(buffer.chunk.begin(), buffer.chunk.end());
    }
    chunks = &cache_->keep(index, std::move(read));
  }
  for (std::size_t array = 0; array < arrays_.size(); ++array)
    buffer.decoders[array].decode((*chunks)[array], buffer.decoded[array]);
}

std::span<const std::uint8_t> SplitReader::labels(std::int64_t index) const {
  const auto* all = reinterpret_cast<const std::uint8_t*>(labels_.data());
  return {all + static_cast<std::size_t>(index) * classes_, classes_};
}

std::string SplitReader::describe(std::int64_t sample) const {
  const std::int64_t index = stored_index(sample);
  std::string name = fmt::format("{} sample {}", split_, index);
  try {
    const ingest::ArrayReader ids(folder_ / "patch_id");
    const std::vector<std::byte> rows = ids.read_shard_rows(index / ingest::kShardSamples);
    const auto row = static_cast<std::size_t>(index % ingest::kShardSamples);
    const char* id = reinterpret_cast<const char*>(rows.data()) + row * ingest::kPatchIdBytes;
    name += fmt::format(" ({})", std::string(id, std::find(id, id + ingest::kPatchIdBytes, '\0')));
  } catch (const Error&) {  // the error that is being described matters more
  }
  return name;
}

}  // namespace eoshard::train
