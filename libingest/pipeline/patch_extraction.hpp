// Step 3, a work unit at a time: the bands of one resolution group of one product become the encoded patches of a part
// file. Every JPEG 2000 tile that holds a candidate is decoded once, the others never.
#pragma once

#include <filesystem>
#include <functional>

#include "libingest/core/types.hpp"
#include "libingest/pipeline/product_scan.hpp"

namespace eoshard::ingest {

/// Streams the bands through a window of tile rows (memory is bounded by a few of them, not by the granule) and writes
/// the candidates' patches to `part`. `on_patches` hears of each row of patches that is done.
void extract_group(const ProductScan& scan, const ResolutionGroup& group, const std::filesystem::path& part,
                   const std::function<void(std::size_t patches)>& on_patches);

}  // namespace eoshard::ingest
