// The plainest of TIFFs, as BigEarthNet's are: little-endian, one uncompressed band of 16 bits in strips. libtiff
// spends more time on opening such a small file than on its pixels; it has all the others.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace eoshard::ingest {

/// Fills `pixels` (side × side) from the bytes of such a file. False when the file is any other TIFF, or none, or
/// damaged, in any way: then libtiff is to be asked, which says what is wrong.
bool read_plain_tiff(std::string_view bytes, std::uint32_t side, std::span<std::uint16_t> pixels);

}  // namespace eoshard::ingest
