// Labels from a land-cover raster: grid codes or three-digit codes, any projection.
#pragma once

#include <memory>

#include "libingest/label/patch_labeler.hpp"

namespace eoshard::ingest {

/// Each row of patches is warped by nearest neighbour in full-width scan lines of the 10 m grid, at most 0.125 raster
/// pixels off the exact projection.
/// @throws Error{input} when the raster cannot be read, has several bands or no projection.
std::unique_ptr<PatchLabeler> make_raster_labeler(const LabelSettings& settings, const GranuleGeometry& geometry);

}  // namespace eoshard::ingest
