// What work costs: the seconds that one core needs for a unit, from what the unit holds and from measured rates.
#pragma once

#include <map>
#include <span>
#include <vector>

namespace eoshard::ingest {

/// What a band of a unit asks: JPEG 2000 tiles to decode, and pixels of patches to cut, compress and write. Its
/// code-block size decides the rate: small code-blocks are slow, as there are more of them.
struct BandWork {
  int codeblock_px = 0;         ///< pixels of a code-block: 4096, 64, 16 in products at 10, 20, 60 m
  double tile_pixels = 0;       ///< of the tiles that hold a candidate
  double tile_bytes = 0;        ///< of their compressed data; 0 when no file was there to ask
  double patch_pixels = 0;      ///< of the candidates on their native grid
  double upsampled_pixels = 0;  ///< of the candidates on the 10 m grid of data_super
  double files = 0;             ///< to open
};

/// A work unit, by band. Bands of one code-block size may be joined.
using UnitWork = std::vector<BandWork>;

/// Seconds of one core.
struct BandRate {
  double per_pixel_s = 0;
  double per_byte_s = 0;
  double per_patch_pixel_s = 0;      ///< to cut, harmonise, compress and write
  double per_upsampled_pixel_s = 0;  ///< to upsample besides
  double per_file_s = 0;             ///< to open it and read its header
};

using WorkRates = std::map<int, BandRate>;  ///< by code-block pixels; not empty

/// For when nothing was measured: 7.1, 4.1 and 2.3 million pixels a second, decoded by one core from 64 x 64, 8 x 8 and
/// 4 x 4 code-blocks of products of baseline 05.11. Pixels alone count.
WorkRates standard_rates();

/// Seconds of one core. A code-block size without a rate takes that of the nearest size.
double cost_s(const UnitWork& work, const WorkRates& rates);

/// A measured decoding of a tile.
struct TileTiming {
  double pixels = 0;
  double bytes = 0;
  double seconds = 0;
};

/// The rates of pixels and bytes that fit timings best: least squares, none negative. @throws Error{internal}
/// when there is no timing.
BandRate fit_rate(std::span<const TileTiming> timings);

}  // namespace eoshard::ingest
