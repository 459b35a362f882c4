// Finds a cut JPEG 2000 file before any tile is decoded: a tile that is missing at the end would otherwise pass unseen
// whenever no wanted patch lies on it.
#pragma once

#include <string>

namespace eoshard::ingest {

/// Walks the file's boxes (ISO/IEC 15444-1, annex I) and looks for the end-of-codestream marker; reads a few dozen
/// bytes. Paths may be GDAL virtual ones (/vsizip/…). @throws Error{input} naming the file when it is no JP2 or ends
/// early.
void check_jp2_is_whole(const std::string& path);

}  // namespace eoshard::ingest
