#include "libingest/pipeline/sample_images.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {

std::optional<BandPlace> find_band(const DatasetManifest& manifest, const std::string& band) {
  for (std::size_t array = 0; array < manifest.arrays.size(); ++array) {
    if (!manifest.arrays[array].holds_reflectance()) continue;
    const auto& bands = manifest.arrays[array].bands;
    const auto found = std::find(bands.begin(), bands.end(), band);
    if (found != bands.end()) return BandPlace{array, static_cast<std::size_t>(found - bands.begin())};
  }
  return std::nullopt;
}

SampleImages::SampleImages(std::filesystem::path dataset, const DatasetManifest& manifest)
    : dataset_(std::move(dataset)), manifest_(manifest), open_(manifest.arrays.size()) {}

const StoredArray& SampleImages::open_array(const std::string& split, std::int64_t index, std::size_t array) {
  OpenArray& open = open_[array];
  const std::int64_t shard = index / kShardSamples;
  if (open.array && open.split == split && open.shard == shard) return *open.array;
  open.array = open_stored_array(dataset_, split, manifest_.formats, image_spec(manifest_.arrays[array]),
                                 manifest_.split(split).samples);
  open.split = split;
  open.shard = shard;
  return *open.array;
}

const std::vector<std::uint16_t>& SampleImages::read(const std::string& split, std::int64_t index, std::size_t array) {
  const StoredArray& reader = open_array(split, index, array);
  const ArraySpec& spec = reader.spec();
  if (index >= reader.samples()) {
    throw Error(ErrorKind::input, fmt::format("{} has no sample {}, which samples.csv names", spec.name, index));
  }
  ChunkDecoder decoder(spec.codec);
  bytes_.resize(spec.sample_bytes());
  reader.read_sample(index, bytes_, decoder, chunk_);
  const std::size_t width = element_bytes(spec.codec);
  values_.resize(bytes_.size() / width);
  if (width == sizeof(std::uint16_t)) std::memcpy(values_.data(), bytes_.data(), bytes_.size());
  if (width == 1) std::transform(bytes_.begin(), bytes_.end(), values_.begin(), std::to_integer<std::uint16_t>);
  return values_;
}

}  // namespace eoshard::ingest
