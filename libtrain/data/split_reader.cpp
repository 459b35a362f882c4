#include "libtrain/data/split_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace eoshard::train {

SplitReader::SplitReader(const std::filesystem::path& dataset, const ingest::DatasetManifest& manifest,
                         const std::string& split, const InputSpec& spec)
    : folder_(ingest::split_folder(dataset, split)),
      split_(split),
      samples_(manifest.split(split).samples),
      classes_(manifest.classes.size()) {
  for (const ingest::ImageArray& array : spec.arrays) {
    arrays_.push_back(std::make_unique<ingest::ArrayReader>(folder_ / array.name));
    check_array(*arrays_.back(), ingest::image_spec(array).sample_bytes());
  }
  const ingest::ArrayReader labels(folder_ / "classes");
  check_array(labels, classes_);
  labels_ = ingest::read_all_rows(labels);
}

void SplitReader::check_array(const ingest::ArrayReader& array, std::size_t sample_bytes) const {
  if (array.samples() == samples_ && array.spec().sample_bytes() == sample_bytes) return;
  throw Error(
      ErrorKind::input,
      fmt::format("{}/{} holds {} samples of {} bytes, but {} says {} of {}", folder_.string(), array.spec().name,
                  array.samples(), array.spec().sample_bytes(), ingest::kManifestName, samples_, sample_bytes));
}

SplitReader::SampleBuffer SplitReader::make_buffer() const {
  SampleBuffer buffer;
  for (const auto& array : arrays_) {
    buffer.arrays.emplace_back(array->spec().sample_bytes());
    buffer.decoders.emplace_back(array->spec().codec);
  }
  return buffer;
}

void SplitReader::read(std::int64_t index, SampleBuffer& buffer) const {
  try {
    for (std::size_t array = 0; array < arrays_.size(); ++array) {
      arrays_[array]->read_sample(index, buffer.arrays[array], buffer.decoders[array], buffer.chunk);
    }
  } catch (Error& error) {
    error.add_context(describe(index));
    throw;
  }
}

std::span<const std::uint8_t> SplitReader::labels(std::int64_t index) const {
  const auto* all = reinterpret_cast<const std::uint8_t*>(labels_.data());
  return {all + static_cast<std::size_t>(index) * classes_, classes_};
}

std::string SplitReader::describe(std::int64_t index) const {
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
