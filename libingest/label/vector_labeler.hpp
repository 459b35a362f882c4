// Labels from land-cover polygons: any layer that GDAL reads, with a code for each polygon.
#pragma once

#include <memory>

#include "libingest/label/patch_labeler.hpp"

namespace eoshard::ingest {

/// A pixel of the 10 m grid has the code of the polygon that its centre lies in; of overlapping polygons the one with
/// the highest feature id counts. Polygons are projected exactly, edges in pieces of at most 1 km (a straight edge in
/// EPSG:3035 or in degrees then stays within 0.1 m of its true course), and burnt in blocks of one row of patches over
/// the granule's whole width. Memory is bounded by the polygons of one such block.
/// @throws Error{input} when the layer or its code attribute cannot be told, or it has no projection.
std::unique_ptr<PatchLabeler> make_vector_labeler(const LabelSettings& settings, const GranuleGeometry& geometry);

}  // namespace eoshard::ingest
