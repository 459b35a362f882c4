#include "libtrain/data/split_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace eoshard::train {

std::string read_stored_labels(const std::filesystem::path& dataset, const ingest::DatasetManifest& manifest,
                               const std::string& split) {
  const auto array = ingest::open_stored_array(
      dataset, split, manifest.formats, ingest::classes_spec(manifest.classes.size()), manifest.split(split).samples);
  const std::vector<std::byte> rows = ingest::read_all_rows(*array);
  return {reinterpret_cast<const char*>(rows.data()), rows.size()};
}

SplitReader::SplitReader(const std::filesystem::path& dataset, const ingest::DatasetManifest& manifest,
                         const std::string& split, const InputSpec& spec, const ClassMapping& mapping,
                         const ReadRules& rules, const std::optional<KnownSplit>& known)
    : dataset_(dataset),
      formats_(manifest.formats),
      split_(split),
      stored_samples_(manifest.split(split).samples),
      classes_(mapping.is_identity() ? manifest.classes.size() : mapping.classes.size()),
      rules_(rules) {
  const ingest::LayoutCheck check = known ? known->layout_check : ingest::LayoutCheck::here;
  for (const ingest::ImageArray& array : spec.arrays)
    arrays_.push_back(
        ingest::open_stored_array(dataset, split, formats_, ingest::image_spec(array), stored_samples_, check));
  const std::string labels = known ? known->labels : read_stored_labels(dataset, manifest, split);
  keep_labels(std::as_bytes(std::span(labels)), mapping);
  if (rules.cache != CacheMode::none) cache_ = std::make_unique<SampleCache>(samples());
}

void SplitReader::keep_labels(std::span<const std::byte> stored, const ClassMapping& mapping) {
  if (mapping.is_identity()) {
    labels_.assign(stored.begin(), stored.end());
    stored_.resize(static_cast<std::size_t>(stored_samples_));
    std::iota(stored_.begin(), stored_.end(), std::int64_t{0});
    return;
  }
  const std::size_t stored_classes = mapping.class_of_stored.size();
  std::vector<std::byte> row(classes_);
  for (std::int64_t sample = 0; sample < stored_samples_; ++sample) {
    const auto first = static_cast<std::size_t>(sample) * stored_classes;
    if (!map_labels(mapping, stored.subspan(first, stored_classes), row)) continue;
    labels_.insert(labels_.end(), row.begin(), row.end());
    stored_.push_back(sample);
  }
}

std::vector<std::uint64_t> SplitReader::count_classes() const {
  std::vector<std::uint64_t> counts(classes_, 0);
  for (std::size_t at = 0; at < labels_.size(); ++at) counts[at % classes_] += labels_[at] != std::byte{0} ? 1 : 0;
  return counts;
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
    switch (rules_.cache) {
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

bool SplitReader::read_whole(std::int64_t index, SampleBuffer& buffer) const {
  if (rules_.skip_damaged) {
    const std::lock_guard lock(damage_mutex_);
    if (damaged_.contains(index)) return false;
  }
  try {
    read(index, buffer);
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::input) throw;
    if (!rules_.skip_damaged) {
      throw Error(ErrorKind::input, fmt::format("{}; eoshard-info --verify lists all damage, --skip-damaged goes on "
                                                "without such samples",
                                                error.what()));
    }
    const std::lock_guard lock(damage_mutex_);
    damaged_.emplace(index, error.what());
    return false;
  }
}

std::map<std::int64_t, std::string> SplitReader::damaged() const {
  const std::lock_guard lock(damage_mutex_);
  return damaged_;
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
      arrays_[array]->read_stored(stored_index(index), buffer.chunk);
      read[array].assign(buffer.chunk.begin(), buffer.chunk.end());
    }
    chunks = &cache_->keep(index, std::move(read));
  }
  for (std::size_t array = 0; array < arrays_.size(); ++array)
    arrays_[array]->decode_sample(stored_index(index), (*chunks)[array], buffer.decoded[array], buffer.decoders[array]);
}

std::span<const std::uint8_t> SplitReader::labels(std::int64_t index) const {
  const auto* all = reinterpret_cast<const std::uint8_t*>(labels_.data());
  return {all + static_cast<std::size_t>(index) * classes_, classes_};
}

std::string SplitReader::describe(std::int64_t sample) const {
  const std::int64_t index = stored_index(sample);
  std::string name = fmt::format("{} sample {}", split_, index);
  try {
    const auto ids = ingest::open_stored_array(dataset_, split_, formats_, ingest::patch_id_spec(), stored_samples_);
    const std::vector<std::byte> rows = ids->read_shard_rows(index / ingest::kShardSamples);
    const auto row = static_cast<std::size_t>(index % ingest::kShardSamples);
    const char* id = reinterpret_cast<const char*>(rows.data()) + row * ingest::kPatchIdBytes;
    name += fmt::format(" ({})", std::string(id, std::find(id, id + ingest::kPatchIdBytes, '\0')));
  } catch (const Error&) {  // the error that is being described matters more
  }
  return name;
}

}  // namespace eoshard::train
