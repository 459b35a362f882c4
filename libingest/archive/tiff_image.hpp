// A small one-band TIFF in memory: its 16-bit values, and where it lies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "libingest/core/types.hpp"

namespace eoshard::ingest {

/// Fills `pixels` (side × side, row by row) from the bytes of a TIFF file of one uint16 band of that size, in strips or
/// tiles, under any compression that libtiff knows. `name` is what messages call it.
/// @throws Error{input} for an image of another shape or type, and for one that is damaged or cut.
void decode_tiff(std::string_view bytes, const std::string& name, int side_px, std::span<std::uint16_t> pixels);

/// Where the image lies, by its GeoTIFF tags (OGC 19-008, ModelTiepoint and ProjectedCRS); empty when it does not say.
std::optional<GroundSquare> ground_square_of_tiff(std::string_view bytes, const std::string& name);

}  // namespace eoshard::ingest
