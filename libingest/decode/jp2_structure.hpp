// What the markers of a JPEG 2000 file say without decoding a pixel: whether it is whole (a tile that is missing at the
// end would otherwise pass unseen whenever no wanted patch lies on it), and how many bytes each tile takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace eoshard::ingest {

/// Walks the file's boxes (ISO/IEC 15444-1, annex I) and looks for the end-of-codestream marker; reads a few dozen
/// bytes. Paths may be GDAL virtual ones (/vsizip/…). @throws Error{input} naming the file when it is no JP2 or ends
/// early.
void check_jp2_is_whole(const std::string& path);

/// What decoding costs depends on.
struct Jp2Coding {
  int codeblock_px = 0;                   ///< pixels of a code-block (ISO/IEC 15444-1, A.6.1)
  std::vector<std::uint64_t> tile_bytes;  ///< compressed bytes of each tile, row by row
};

/// Reads the main header and the header of each tile-part (A.4.2), a few bytes each. @throws Error{input} naming the
/// file when the markers do not fit together.
Jp2Coding read_jp2_coding(const std::string& path);

}  // namespace eoshard::ingest
