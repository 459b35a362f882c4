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

std::optional<PatchPosition> position_of(const GranuleGeometry& geometry, const GroundSquare& square) {
  const GroundSquare corner = ground_square(geometry, {0, 0});
  const std::int64_t east = square.ulx_m - corner.ulx_m, south = corner.uly_m - square.uly_m;
  const PatchGrid grid = make_patch_grid(geometry);
  const bool is_inside = east >= 0 && south >= 0 && east < std::int64_t{grid.columns} * kPatchSizeM &&
                         south < std::int64_t{grid.rows} * kPatchSizeM;
  if (square.epsg != geometry.epsg || !is_inside || east % kPatchSizeM != 0 || south % kPatchSizeM != 0)
    return std::nullopt;
  return PatchPosition{static_cast<int>(east / kPatchSizeM), static_cast<int>(south / kPatchSizeM)};
}

std::string patch_id(const std::string& id_stem, PatchPosition position) {
  return fmt::format("{}_{:02}_{:02}", id_stem, position.column, position.row);
}

}  // namespace eoshard::ingest
