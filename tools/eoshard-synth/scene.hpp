// One product's pixels: ground looked up in the map, sky above it, sensor noise; rendered band by band.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/eoshard-synth/ground_map.hpp"
#include "tools/eoshard-synth/sky.hpp"

namespace eoshard::synth {

/// Where a product lies in the scene, and how its values are stored.
struct ProductPlan {
  int number = 0;          ///< 0, 1, ... within the scene
  int offset_columns = 0;  ///< 10 m pixels from the scene's upper-left corner
  int offset_rows = 0;
  RasterGrid grid;         ///< 10 m pixels, UTM
  int boa_add_offset = 0;  ///< DN = 10000 * reflectance - offset
};

class ProductScene {
 public:
  ProductScene(const ProductPlan& plan, const GroundMap& ground, const RegionLayout& layout, Sky sky,
               std::uint64_t seed, int threads);

  /// Digital numbers of band `band` (index into kBands) on its native grid, (side, side); 0 is no data, at most 32,767.
  std::vector<std::uint16_t> render_band(int band) const;

  /// Scene classification at 20 m: the sky, and vegetation or bare soil where it is clear.
  std::vector<std::uint8_t> render_scl() const;

  const Sky& sky() const { return sky_; }
  /// Index into land_classes() of a 10 m pixel.
  int land_at(int column, int row) const { return land_[static_cast<std::size_t>(row) * plan_.grid.columns + column]; }

 private:
  void fill_row(int row, const class GroundLattice& lattice, const GroundMap& ground, const RegionLayout& layout);
  float reflectance(int column, int row, int band) const;
  std::uint16_t digital_number(int column, int row, int band, int pixels_per_side) const;

  ProductPlan plan_;
  std::span<const LandClass> classes_;
  Sky sky_;
  std::uint64_t seed_;
  std::vector<std::uint8_t> land_;    // (side, side) at 10 m: index into classes_
  std::vector<std::uint16_t> shade_;  // (side, side) at 10 m: brightness relative to the class, in 1/16384
};

}  // namespace eoshard::synth
