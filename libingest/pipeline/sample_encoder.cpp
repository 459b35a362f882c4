#include "libingest/pipeline/sample_encoder.hpp"

#include <algorithm>
#include <cstdint>

#include "libingest/decode/harmonisation.hpp"

namespace eoshard::ingest {
namespace {

template <class Pixel>
PartMoments moments_of_plane(std::span<const std::byte> plane) {
  const std::span<const Pixel> pixels(reinterpret_cast<const Pixel*>(plane.data()), plane.size() / sizeof(Pixel));
  const PixelMoments moments = moments_of(pixels);
  return {moments.sum, moments.sum_of_squares, moments.minimum, moments.maximum};
}

bool is_narrow(const PackedArray& array) { return array.image.dtype == "uint8"; }

std::size_t plane_bytes(const PackedArray& array) {
  const auto side = static_cast<std::size_t>(array.image.sample_shape.back());
  return side * side * (is_narrow(array) ? 1 : 2);
}

}  // namespace

SampleEncoder::SampleEncoder(const ArchiveLayout& layout, const std::vector<PackedArray>& arrays, UpsampleMethod method)
    : layout_(layout), arrays_(arrays), method_(method), bands_(statistics_bands(arrays)) {}

void SampleEncoder::encode(const DecodedSample& sample, EncodedSample& encoded) {
  encoded.moments.resize(bands_.size());
  encoded.chunks.clear();
  for (std::size_t array = 0; array < arrays_.size(); ++array) {
    const std::span<const std::byte> values = values_of(arrays_[array], sample);
    add_moments(array, values, encoded.moments);
    const auto chunk = (is_narrow(arrays_[array]) ? narrow_ : wide_).encode(values);
    encoded.chunks.emplace_back(chunk.begin(), chunk.end());
  }
}

// The archive's own values where the array has all its bands in its order, else the planes put together.
std::span<const std::byte> SampleEncoder::values_of(const PackedArray& array, const DecodedSample& sample) {
  const std::vector<std::byte>& whole = sample.arrays[array.planes.front().array];
  const bool is_whole =
      array.image.role != ArrayRole::upsampled && plane_bytes(array) * array.planes.size() == whole.size();
  if (is_whole) return whole;
  values_.resize(plane_bytes(array) * array.planes.size());
  for (std::size_t band = 0; band < array.planes.size(); ++band) {
    fill_plane(array, sample, array.planes[band],
               std::span(values_).subspan(band * plane_bytes(array), plane_bytes(array)));
  }
  return values_;
}

std::span<const std::byte> SampleEncoder::plane_of(const DecodedSample& sample, const ArchivePlane& plane) const {
  const std::vector<std::byte>& values = sample.arrays[plane.array];
  const std::size_t bytes = values.size() / layout_.arrays[plane.array].bands.size();
  return std::span(values).subspan(plane.plane * bytes, bytes);
}

void SampleEncoder::fill_plane(const PackedArray& array, const DecodedSample& sample, const ArchivePlane& plane,
                               std::span<std::byte> out) {
  const std::span<const std::byte> source = plane_of(sample, plane);
  if (array.image.role != ArrayRole::upsampled) {
    std::copy(source.begin(), source.end(), out.begin());
    return;
  }
  const int side = layout_.arrays[plane.array].side_px;
  const std::span<const std::uint16_t> pixels(reinterpret_cast<const std::uint16_t*>(source.data()), source.size() / 2);
  const std::span<std::uint16_t> room(reinterpret_cast<std::uint16_t*>(out.data()), out.size() / 2);
  const Upsampler upsampler(method_, static_cast<int>(array.image.sample_shape.back()) / side);
  upsampler.run({pixels, side, side, 0, 0, side}, room, buffers_);
}

void SampleEncoder::add_moments(std::size_t array, std::span<const std::byte> values,
                                std::vector<PartMoments>& moments) const {
  const std::size_t bytes = plane_bytes(arrays_[array]);
  for (std::size_t band = 0; band < bands_.size(); ++band) {
    if (bands_[band].array != array) continue;
    const auto plane = values.subspan(bands_[band].band * bytes, bytes);
    moments[band] =
        is_narrow(arrays_[array]) ? moments_of_plane<std::uint8_t>(plane) : moments_of_plane<std::uint16_t>(plane);
  }
}

}  // namespace eoshard::ingest
