// Which tiles of an image hold a wanted patch.
#pragma once

#include <span>
#include <vector>

#include "libingest/core/types.hpp"
#include "libingest/decode/band_reader.hpp"

namespace eoshard::ingest {

/// By tile_row × tile_columns() + tile_column: true where a patch of `patch_px` pixels a side, grown by `margin_px` on
/// every side, touches the tile.
std::vector<bool> find_needed_tiles(const ImageLayout& layout, std::span<const PatchPosition> patches, int patch_px,
                                    int margin_px = 0);

/// Pixels of the image in the tiles that are needed: what decoding costs is in proportion to.
double needed_pixels(const ImageLayout& layout, const std::vector<bool>& is_needed);

}  // namespace eoshard::ingest
