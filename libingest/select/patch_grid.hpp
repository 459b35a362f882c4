// The grid of 1,200 m patches on a granule.
#pragma once

#include <optional>
#include <string>

#include "libingest/core/types.hpp"

namespace eoshard::ingest {

/// Whole patches only: the partial last column and row are dropped (91 x 91 on a full granule).
struct PatchGrid {
  int columns = 0;
  int rows = 0;

  int count() const { return columns * rows; }
  int index_of(PatchPosition position) const { return position.row * columns + position.column; }
  PatchPosition position_of(int index) const { return {index % columns, index / columns}; }
};

PatchGrid make_patch_grid(const GranuleGeometry& geometry);

/// Upper-left corner and zone of a patch.
GroundSquare ground_square(const GranuleGeometry& geometry, PatchPosition position);

/// The patch above a ground square; nothing when the square is none of the granule's own.
std::optional<PatchPosition> position_of(const GranuleGeometry& geometry, const GroundSquare& square);

/// `<id stem of the product>_<column>_<row>`, two digits each, as in BigEarthNet v2.
std::string patch_id(const std::string& id_stem, PatchPosition position);

}  // namespace eoshard::ingest
