// Reads the metadata of a Sentinel-2 Level-2A product in SAFE format: which files hold the bands, how values are
// encoded, where the granule lies. Opens two XML files and no image.
#pragma once

#include <filesystem>

#include "libingest/core/types.hpp"

namespace eoshard::ingest {

/// Reads `folder`/MTD_MSIL2A.xml and its granule's MTD_TL.xml, of any processing baseline that the compact SAFE format
/// had (ESA, Sentinel-2 Products Specification Document; the spellings of tags differ by era). A trailing slash and
/// the .SAFE suffix are optional parts of a name, not of `folder`.
/// @throws Error{input} when the folder is no Level-2A product, a tag is missing, or a band that is needed is missing.
Product read_safe_product(const std::filesystem::path& folder);

}  // namespace eoshard::ingest
