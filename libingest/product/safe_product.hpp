// Reads the metadata of a Sentinel-2 Level-2A product in SAFE format: which files hold the bands, how values are
// encoded, where its granules lie. Opens XML files and no image.
#pragma once

#include <string>
#include <vector>

#include "libingest/core/types.hpp"

namespace eoshard::ingest {

/// The granules of the product `source` (a .SAFE folder, or a zip archive of one), of any processing baseline: one in
/// the compact format, several in products from before December 2016, whose spellings and file names differ (ESA,
/// Sentinel-2 Products Specification Document). Of the images, the scene classification and `bands` (names of kBands;
/// "SCL" may be among them) must be there, the others are not looked for.
/// @throws Error{input} when `source` is no Level-2A product, or a tag or file that is needed is missing.
std::vector<Product> read_safe_product(const std::string& source, const std::vector<std::string>& bands);

}  // namespace eoshard::ingest
