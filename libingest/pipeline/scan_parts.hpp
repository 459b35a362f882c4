// The arrays whose values the scan has read already: they become parts before the scan is committed.
#pragma once

#include <vector>

#include "libingest/pipeline/product_scan.hpp"
#include "libingest/pipeline/work_folder.hpp"

namespace eoshard::ingest {

/// Writes a part of every array that is_written_by_scan(): the candidates' squares of `pixels`.
void write_scan_parts(const ScannedPixels& pixels, const std::vector<ImageArray>& arrays, const WorkFolder& work);

}  // namespace eoshard::ingest
