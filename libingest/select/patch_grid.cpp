#include "libingest/select/patch_grid.hpp"

#include <fmt/format.h>

#include <cmath>

namespace eoshard::ingest {

PatchGrid make_patch_grid(const GranuleGeometry& geometry) {
  const int patches = geometry.size_10m_px * kFinestResolutionM / kPatchSizeM;
  return {patches, patches};
}

GroundSquare ground_square(const GranuleGeometry& geometry, PatchPosition position) {
  return {geometry.epsg, std::llround(geometry.ulx_m) + std::int64_t{position.column} * kPatchSizeM,
          std::llround(geometry.uly_m) - std::int64_t{position.row} * kPatchSizeM};
}

std::string patch_id(const std::string& id_stem, PatchPosition position) {
  return fmt::format("{}_{:02}_{:02}", id_stem, position.column, position.row);
}

}  // namespace eoshard::ingest
