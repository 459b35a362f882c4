#include "libingest/pipeline/rate_calibration.hpp"

#include <tbb/parallel_for.h>
#include <time.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <string>

#include "libingest/decode/band_reader.hpp"
#include "libingest/decode/harmonisation.hpp"
#include "libingest/decode/tile_row.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/pipeline/calibration_sample.hpp"
#include "libingest/pipeline/unit_work.hpp"
#include "libingest/shard/codec.hpp"
#include "libingest/shard/part_file.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::size_t kWrittenChunkBytes = 60'001;  // no multiple of a page, as chunks are
constexpr std::size_t kWrittenChunks = 512;
constexpr double kMostTimesMore = 1000;

// What the patches of a tile are made into.
struct PatchSettings {
  std::map<int, int> native_bands;  // by resolution: bands of a patch on its own grid; none with --no-native
  int upsampled_bands = 0;          // of a patch in data_super; 0: there is none
  UpsampleMethod upsample = UpsampleMethod::nearest;
  double written_byte_s = 0;  // seconds a byte of a part file
};

// CPU time of this thread: waiting, and other programs, cost nothing.
double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Seconds a byte to hand chunks to a part file in `folder`.
double time_writing(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "calibration.part";
  const std::vector<std::byte> bytes(kWrittenChunkBytes * kWrittenChunks, std::byte{1});  // out of the caches
  const double begin = thread_seconds();
  PartWriter writer(path);
  for (std::size_t chunk = 0; chunk < kWrittenChunks; ++chunk)
    writer.append({}, std::span(bytes).subspan(chunk * kWrittenChunkBytes, kWrittenChunkBytes));
  writer.close();
  const double seconds = thread_seconds() - begin;
  std::filesystem::remove(path);
  return seconds / static_cast<double>(bytes.size());
}

// A decoded tile, and how many squares of patches fit into its upper left.
struct DecodedTile {
  std::vector<std::shared_ptr<TileRow>> rows;  // one
  PixelBox box;                                // inside the image
  int side = 0;                                // of a patch

  int columns() const { return box.width / side; }
  int squares() const { return columns() * (box.height / side); }
  // Of a chunk of `bands`: no more than there are squares, as one that came twice would compress to nothing.
  int planes(int bands) const { return std::min(bands, squares()); }
  PixelBox square(int index) const {
    return {box.x + index % columns() * side, box.y + index / columns() * side, side, side};
  }
};

// `box` with `margin` pixels around it, as far as `limits` reach.
PixelBox grow(const PixelBox& box, int margin, const PixelBox& limits) {
  const int left = std::max(box.x - margin, limits.x), top = std::max(box.y - margin, limits.y);
  const int right = std::min(box.x + box.width + margin, limits.x + limits.width);
  const int bottom = std::min(box.y + box.height + margin, limits.y + limits.height);
  return {left, top, right - left, bottom - top};
}

// Seconds a pixel to make a chunk of `planes` squares of `plane_px` pixels by `make`, compress and write it.
template <class MakePlane>
double time_chunk(int planes, std::size_t plane_px, double written_byte_s, const MakePlane& make) {
  std::vector<std::uint16_t> pixels(plane_px * static_cast<std::size_t>(planes));
  ChunkEncoder encoder{ChunkCodec::blosc_zstd_u16};
  encoder.encode(std::as_bytes(std::span(pixels)));  // its buffers are made
  const double begin = thread_seconds();
  for (int plane = 0; plane < planes; ++plane)
    make(plane, std::span(pixels).subspan(plane_px * static_cast<std::size_t>(plane), plane_px));
  const auto encoded = encoder.encode(std::as_bytes(std::span(pixels)));
  const std::vector<std::byte> chunk(encoded.begin(), encoded.end());  // waits for those before it
  const double seconds = thread_seconds() - begin + static_cast<double>(chunk.size()) * written_byte_s;
  return seconds / static_cast<double>(pixels.size());
}

double time_native(const DecodedTile& tile, int bands, double written_byte_s) {
  return time_chunk(tile.planes(bands), std::size_t(tile.side) * std::size_t(tile.side), written_byte_s,
                    [&](int plane, std::span<std::uint16_t> pixels) {
                      cut_box(tile.rows, tile.square(plane), pixels);
                      harmonise(pixels, 0);
                    });
}

double time_upsampled(const DecodedTile& tile, const PatchSettings& settings) {
  const Upsampler upsampler(settings.upsample, kPatchSizeM / kFinestResolutionM / tile.side);
  const auto side = std::size_t(tile.side) * std::size_t(upsampler.factor());
  std::vector<std::uint16_t> window;
  UpsampleBuffers buffers;
  return time_chunk(
      tile.planes(settings.upsampled_bands), side * side, settings.written_byte_s,
      [&](int plane, std::span<std::uint16_t> pixels) {
        const PixelBox square = tile.square(plane);
        const PixelBox box = grow(square, upsampler.halo(), tile.box);
        window.resize(std::size_t(box.width) * std::size_t(box.height));
        cut_box(tile.rows, box, window);
        harmonise(window, 0);
        upsampler.run({window, box.width, box.height, square.x - box.x, square.y - box.y, tile.side}, pixels, buffers);
        harmonise(pixels, 0);
      });
}

struct SampleTiming {
  int resolution_m = 0;
  double opening_s = 0;
  TileTiming decoding;
  std::optional<double> per_patch_pixel_s, per_upsampled_pixel_s;  // none where no patch fits into the tile
};

SampleTiming time_sample(const SampleTile& sample, const PatchSettings& settings) {
  const double start = thread_seconds();
  const BandReader reader(sample.path);
  const double opening_s = thread_seconds() - start;
  const ImageLayout& layout = reader.layout();
  const auto row = std::make_shared<TileRow>(layout, sample.tile.row);
  const double begin = thread_seconds();
  decode_tile(reader, *row, sample.tile.column);
  SampleTiming timing{
      sample.resolution_m, opening_s, {sample.tile.pixels, sample.tile.bytes, thread_seconds() - begin}, {}, {}};
  const int x = sample.tile.column * layout.tile_width, y = row->first_line();
  const DecodedTile tile{
      {row},
      {x, y, std::min(layout.tile_width, layout.width - x), std::min(layout.tile_height, layout.height - y)},
      kPatchSizeM / sample.resolution_m};
  if (tile.squares() == 0) return timing;
  const auto native = settings.native_bands.find(sample.resolution_m);
  if (native != settings.native_bands.end())
    timing.per_patch_pixel_s = time_native(tile, native->second, settings.written_byte_s);
  if (settings.upsampled_bands > 0) timing.per_upsampled_pixel_s = time_upsampled(tile, settings);
  return timing;
}

// Mean by resolution, weighted by what each has of the pixels that the rate counts; 0 where nothing was measured.
double mean_of(const std::vector<SampleTiming>& timings, std::optional<double> SampleTiming::*rate,
               const std::map<int, double>& pixels_of_resolution) {
  double sum = 0, weights = 0;
  for (const auto& [resolution_m, pixels] : pixels_of_resolution) {
    double seconds = 0, measured = 0;
    for (const SampleTiming& timing : timings) {
      if (timing.resolution_m != resolution_m || !(timing.*rate)) continue;
      seconds += *(timing.*rate);
      ++measured;
    }
    if (measured == 0) continue;
    sum += pixels * seconds / measured;
    weights += pixels;
  }
  return weights > 0 ? sum / weights : 0;
}

void time_samples(const std::vector<SampleTile>& samples, const PatchSettings& settings,
                  std::vector<SampleTiming>& timings) {
  const std::size_t before = timings.size();
  timings.resize(before + samples.size());
  tbb::parallel_for(
      tbb::blocked_range<std::size_t>(0, samples.size(), 1),
      [&](const tbb::blocked_range<std::size_t>& range) {
        for (std::size_t sample = range.begin(); sample < range.end(); ++sample)
          timings[before + sample] = time_sample(samples[sample], settings);
      },
      tbb::simple_partitioner());
}

double decoding_seconds(const std::vector<SampleTiming>& timings) {
  return std::accumulate(timings.begin(), timings.end(), 0.0,
                         [](double sum, const SampleTiming& timing) { return sum + timing.decoding.seconds; });
}

// Small tiles are decoded in a moment, in which other work on the machine weighs much: then more of them are drawn.
std::vector<SampleTiming> time_long_enough(const std::vector<SampleTile>& tiles, const CalibrationSettings& settings,
                                           const PatchSettings& patches) {
  std::vector<SampleTiming> timings;
  const auto wanted = static_cast<std::size_t>(settings.tiles);
  time_samples(draw_by_bytes(tiles, wanted), patches, timings);
  const double seconds = decoding_seconds(timings);
  if (seconds >= settings.seconds || timings.size() == tiles.size()) return timings;
  const double times_more = std::min(settings.seconds / std::max(seconds, 1e-6), kMostTimesMore);
  time_samples(draw_by_bytes(tiles, static_cast<std::size_t>(times_more * static_cast<double>(wanted))), patches,
               timings);
  return timings;
}

BandRate rate_of(const std::vector<SampleTile>& tiles, const std::vector<SampleTiming>& timings) {
  std::map<int, double> native_pixels, upsampled_pixels;
  for (const SampleTile& tile : tiles) {
    const double factor = static_cast<double>(tile.resolution_m) / kFinestResolutionM;
    native_pixels[tile.resolution_m] += tile.tile.pixels;
    upsampled_pixels[tile.resolution_m] += tile.tile.pixels * factor * factor;
  }
  std::vector<TileTiming> decoding;
  double opening_s = 0;
  for (const SampleTiming& timing : timings) {
    decoding.push_back(timing.decoding);
    opening_s += timing.opening_s;
  }
  BandRate rate = fit_rate(decoding);
  rate.per_patch_pixel_s = mean_of(timings, &SampleTiming::per_patch_pixel_s, native_pixels);
  rate.per_upsampled_pixel_s = mean_of(timings, &SampleTiming::per_upsampled_pixel_s, upsampled_pixels);
  rate.per_file_s = opening_s / static_cast<double>(timings.size());
  return rate;
}

PatchSettings patch_settings(const std::vector<ImageArray>& arrays, const CalibrationSettings& settings) {
  PatchSettings result;
  result.upsample = settings.upsample;
  for (const ImageArray& array : arrays) {
    const auto bands = static_cast<int>(array.bands.size());
    if (array.role == ArrayRole::reflectance) result.native_bands[array.resolution_m] = bands;
    if (array.role == ArrayRole::upsampled) result.upsampled_bands = bands;
  }
  result.written_byte_s = time_writing(settings.scratch);
  return result;
}

}  // namespace

WorkRates calibrate_rates(std::span<const ProductScan> scans, const std::vector<ImageArray>& arrays,
                          const CalibrationSettings& settings) {
  WorkRates rates;
  const PatchSettings patches = patch_settings(arrays, settings);
  for (const auto& [codeblock_px, tiles] : tiles_by_codeblock(scans, arrays)) {
    if (!tiles.empty()) rates[codeblock_px] = rate_of(tiles, time_long_enough(tiles, settings, patches));
  }
  return rates.empty() ? standard_rates() : rates;
}

}  // namespace eoshard::ingest
