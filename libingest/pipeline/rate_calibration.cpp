#include "libingest/pipeline/rate_calibration.hpp"

#include <tbb/parallel_for.h>
#include <time.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "libingest/decode/band_reader.hpp"
#include "libingest/decode/harmonisation.hpp"
#include "libingest/decode/tile_row.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/pipeline/unit_work.hpp"
#include "libingest/shard/codec.hpp"
#include "libingest/shard/part_file.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::size_t kWrittenChunkBytes = std::size_t{1} << 16;
constexpr int kWrittenChunks = 512;

struct SampleTile {
  std::string path;
  int resolution_m = 0;
  NeededTiles::Tile tile;
};

using SamplesBySize = std::map<int, std::vector<SampleTile>>;  // by code-block size

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

std::vector<BandInfo> stored_bands(const std::vector<ImageArray>& arrays) {
  std::vector<BandInfo> stored;
  for (const BandInfo& band : kBands) {
    const bool is_stored = std::any_of(arrays.begin(), arrays.end(), [&](const ImageArray& array) {
      return std::find(array.bands.begin(), array.bands.end(), band.name) != array.bands.end();
    });
    if (is_stored) stored.push_back(band);
  }
  return stored;
}

SamplesBySize all_tiles(std::span<const ProductScan> scans, const std::vector<ImageArray>& arrays) {
  SamplesBySize tiles;
  for (const ProductScan& scan : scans) {
    const std::vector<PatchPosition> candidates = scan.candidates();
    for (const BandInfo& band : stored_bands(arrays)) {
      const NeededTiles needed = find_needed_tiles_of(scan.product, band, candidates);
      auto& samples = tiles[needed.codeblock_px];
      for (const NeededTiles::Tile& tile : needed.tiles) samples.push_back({needed.path, band.resolution_m, tile});
    }
  }
  return tiles;
}

std::vector<SampleTile> spread_over_bytes(std::vector<SampleTile> tiles, std::size_t wanted) {
  std::stable_sort(tiles.begin(), tiles.end(),
                   [](const SampleTile& a, const SampleTile& b) { return a.tile.bytes < b.tile.bytes; });
  std::vector<SampleTile> samples;
  for (const std::size_t index : sample_evenly(tiles.size(), wanted)) samples.push_back(tiles[index]);
  return samples;
}

// Seconds a byte to hand chunks to a part file in `folder`.
double time_writing(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "calibration.part";
  const std::vector<std::byte> chunk(kWrittenChunkBytes, std::byte{1});
  const double begin = thread_seconds();
  PartWriter writer(path);
  for (int count = 0; count < kWrittenChunks; ++count) writer.append({}, chunk);
  writer.close();
  const double seconds = thread_seconds() - begin;
  std::filesystem::remove(path);
  return seconds / (static_cast<double>(kWrittenChunkBytes) * kWrittenChunks);
}

// A decoded tile, and how many squares of patches fit into its upper left.
struct DecodedTile {
  std::vector<std::shared_ptr<TileRow>> rows;  // one
  PixelBox box;                                // inside the image
  int side = 0;                                // of a patch

  int columns() const { return box.width / side; }
  int squares() const { return columns() * (box.height / side); }
  PixelBox square(int index) const {
    const int place = index % squares();
    return {box.x + place % columns() * side, box.y + place / columns() * side, side, side};
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
  const std::size_t bytes = encoder.encode(std::as_bytes(std::span(pixels))).size();
  const double seconds = thread_seconds() - begin + static_cast<double>(bytes) * written_byte_s;
  return seconds / static_cast<double>(pixels.size());
}

double time_native(const DecodedTile& tile, int bands, double written_byte_s) {
  return time_chunk(bands, std::size_t(tile.side) * std::size_t(tile.side), written_byte_s,
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
      settings.upsampled_bands, side * side, settings.written_byte_s, [&](int plane, std::span<std::uint16_t> pixels) {
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
  TileTiming decoding;
  std::optional<double> per_patch_pixel_s, per_upsampled_pixel_s;  // none where no patch fits into the tile
};

SampleTiming time_sample(const SampleTile& sample, const PatchSettings& settings) {
  const BandReader reader(sample.path);
  const ImageLayout& layout = reader.layout();
  const auto row = std::make_shared<TileRow>(layout, sample.tile.row);
  const double begin = thread_seconds();
  decode_tile(reader, *row, sample.tile.column);
  SampleTiming timing{{sample.tile.pixels, sample.tile.bytes, thread_seconds() - begin}, {}, {}};
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

// 0 where nothing was measured.
double mean_of(const std::vector<SampleTiming>& timings, std::optional<double> SampleTiming::*rate) {
  double sum = 0;
  int measured = 0;
  for (const SampleTiming& timing : timings) {
    if (!(timing.*rate)) continue;
    sum += *(timing.*rate);
    ++measured;
  }
  return measured > 0 ? sum / measured : 0;
}

BandRate rate_of(const std::vector<SampleTile>& samples, const PatchSettings& settings) {
  std::vector<SampleTiming> timings(samples.size());
  tbb::parallel_for(
      tbb::blocked_range<std::size_t>(0, samples.size(), 1),
      [&](const tbb::blocked_range<std::size_t>& range) {
        for (std::size_t sample = range.begin(); sample < range.end(); ++sample)
          timings[sample] = time_sample(samples[sample], settings);
      },
      tbb::simple_partitioner());
  std::vector<TileTiming> decoding;
  for (const SampleTiming& timing : timings) decoding.push_back(timing.decoding);
  BandRate rate = fit_rate(decoding);
  rate.per_patch_pixel_s = mean_of(timings, &SampleTiming::per_patch_pixel_s);
  rate.per_upsampled_pixel_s = mean_of(timings, &SampleTiming::per_upsampled_pixel_s);
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

std::vector<std::size_t> sample_evenly(std::size_t count, std::size_t wanted) {
  const std::size_t samples = std::min(count, wanted);
  std::vector<std::size_t> indices;
  for (std::size_t sample = 0; sample < samples; ++sample)
    indices.push_back((2 * sample + 1) * count / (2 * samples));  // the middle of its share
  return indices;
}

WorkRates calibrate_rates(std::span<const ProductScan> scans, const std::vector<ImageArray>& arrays,
                          const CalibrationSettings& settings) {
  WorkRates rates;
  const PatchSettings patches = patch_settings(arrays, settings);
  for (const auto& [codeblock_px, tiles] : all_tiles(scans, arrays)) {
    if (tiles.empty()) continue;
    rates[codeblock_px] = rate_of(spread_over_bytes(tiles, static_cast<std::size_t>(settings.tiles)), patches);
  }
  return rates.empty() ? standard_rates() : rates;
}

}  // namespace eoshard::ingest
