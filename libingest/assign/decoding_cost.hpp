// What work costs: the seconds that one core needs for a unit, from what the unit holds and from measured rates.
#pragma once

#include <map>
#include <span>
#include <vector>

namespace eoshard::ingest {

/// JPEG 2000 tiles that are to be decoded, of one code-block size. Small code-blocks are slow: there are more of them.
struct TileWork {
  int codeblock_px = 0;  ///< pixels of a code-block: 4096, 64, 16 in products at 10, 20, 60 m
  double pixels = 0;
  double bytes = 0;  ///< of the tiles' compressed data; 0 when no file was there to ask
};

/// A unit of work: tiles to decode, and pixels of patches to cut, compress and write.
struct UnitWork {
  std::vector<TileWork> tiles;
  double patch_pixels = 0;
};

/// Seconds of one core.
struct TileRate {
  double per_pixel_s = 0;
  double per_byte_s = 0;
};

struct WorkRates {
  std::map<int, TileRate> tiles;  ///< by code-block pixels; not empty
  double per_patch_pixel_s = 0;
};

/// Rates measured on products of baseline 05.11 on one core of a server, in which pixels alone count: for lists of
/// patches, where no file is there to ask.
WorkRates pixel_rates();

/// Seconds of one core. A code-block size without a rate takes that of the nearest size.
double cost_s(const UnitWork& work, const WorkRates& rates);

/// A measured decoding of a tile.
struct TileTiming {
  double pixels = 0;
  double bytes = 0;
  double seconds = 0;
};

/// The rate that fits timings best: least squares, no rate negative. @throws Error{internal}
/// when there is no timing.
TileRate fit_rate(std::span<const TileTiming> timings);

}  // namespace eoshard::ingest
