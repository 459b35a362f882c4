#include "libingest/pipeline/rate_calibration.hpp"

#include <tbb/parallel_for.h>
#include <time.h>

#include <algorithm>
#include <map>
#include <string>

#include "libingest/decode/band_reader.hpp"
#include "libingest/decode/harmonisation.hpp"
#include "libingest/decode/tile_row.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/pipeline/unit_work.hpp"
#include "libingest/shard/codec.hpp"

namespace eoshard::ingest {
namespace {

// Squares that are compressed to time it: enough for a rate, little beside decoding their tile.
constexpr int kPatchesATile = 4;

struct SampleTile {
  std::string path;
  int patch_px = 0;
  NeededTiles::Tile tile;
};

using SamplesBySize = std::map<int, std::vector<SampleTile>>;  // by code-block size

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
      for (const NeededTiles::Tile& tile : needed.tiles)
        samples.push_back({needed.path, kPatchSizeM / band.resolution_m, tile});
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

// Seconds a pixel to cut squares of a decoded tile, harmonise and compress them.
double time_patches(const std::shared_ptr<TileRow>& row, const SampleTile& sample) {
  const int side = sample.patch_px;
  const int left = sample.tile.column * row->layout.tile_width;
  const int squares = std::min({kPatchesATile, (row->layout.width - left) / side, row->layout.tile_width / side});
  if (squares == 0 || row->layout.height - row->first_line() < side) return 0;
  std::vector<std::uint16_t> pixels(std::size_t(side) * std::size_t(side));
  ChunkEncoder encoder{ChunkCodec::blosc_zstd_u16};
  const std::vector<std::shared_ptr<TileRow>> rows = {row};
  encoder.encode(std::as_bytes(std::span(pixels)));  // its buffers are made
  const double begin = thread_seconds();
  for (int square = 0; square < squares; ++square) {
    cut_box(rows, {left + square * side, row->first_line(), side, side}, pixels);
    harmonise(pixels, 0);
    encoder.encode(std::as_bytes(std::span(pixels)));
  }
  return (thread_seconds() - begin) / (static_cast<double>(pixels.size()) * squares);
}

struct SampleTiming {
  TileTiming decoding;
  double per_patch_pixel_s = 0;
};

SampleTiming time_sample(const SampleTile& sample) {
  const BandReader reader(sample.path);
  const auto row = std::make_shared<TileRow>(reader.layout(), sample.tile.row);
  const double begin = thread_seconds();
  decode_tile(reader, *row, sample.tile.column);
  const double seconds = thread_seconds() - begin;
  return {{sample.tile.pixels, sample.tile.bytes, seconds}, time_patches(row, sample)};
}

BandRate rate_of(const std::vector<SampleTile>& samples) {
  std::vector<SampleTiming> timings(samples.size());
  tbb::parallel_for(
      tbb::blocked_range<std::size_t>(0, samples.size(), 1),
      [&](const tbb::blocked_range<std::size_t>& range) {
        for (std::size_t sample = range.begin(); sample < range.end(); ++sample)
          timings[sample] = time_sample(samples[sample]);
      },
      tbb::simple_partitioner());
  std::vector<TileTiming> decoding;
  double per_patch_pixel_s = 0;
  for (const SampleTiming& timing : timings) {
    decoding.push_back(timing.decoding);
    per_patch_pixel_s += timing.per_patch_pixel_s / static_cast<double>(timings.size());
  }
  BandRate rate = fit_rate(decoding);
  rate.per_patch_pixel_s = per_patch_pixel_s;
  return rate;
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
  for (const auto& [codeblock_px, tiles] : all_tiles(scans, arrays)) {
    if (tiles.empty()) continue;
    rates[codeblock_px] = rate_of(spread_over_bytes(tiles, static_cast<std::size_t>(settings.tiles)));
  }
  return rates.empty() ? standard_rates() : rates;
}

}  // namespace eoshard::ingest
