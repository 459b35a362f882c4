// The plan of a synthetic landscape: regions of about a patch's size, each with one class. Pure arithmetic on patch
// coordinates: 1 unit = 1,200 m, x to the right and y down from the scene's upper-left corner.
#pragma once

#include <cstdint>

#include "tools/eoshard-synth/land_class.hpp"

namespace eoshard::synth {

/// Regions lie in a grid whose lines wind through the middle of the patches: a patch sees the corners of four regions,
/// each at least 0.3 of its side wide, so that hardly a class is present as an invisible sliver.
struct Region {
  std::int16_t column = 0;
  std::int16_t row = 0;
  bool operator==(const Region&) const = default;

  std::uint32_t id() const {
    return std::uint32_t{static_cast<std::uint16_t>(column)} << 16 | static_cast<std::uint16_t>(row);
  }
};

class RegionLayout {
 public:
  RegionLayout(std::uint64_t seed, int class_count) : seed_(seed), classes_(land_classes(class_count)) {}

  Region region_at(double x_patches, double y_patches) const;

  /// Index into land_classes(): the class of a block of regions, or one of the region's own.
  int class_of(Region region) const;

  /// Brightness of a region relative to its class, mean 1: it hides the class from mean reflectances.
  double illumination_of(Region region) const;

  TextureFrame frame_of(Region region) const { return draw_frame(seed_, region.id()); }
  std::span<const LandClass> classes() const { return classes_; }

 private:
  int pick_class(double share) const;

  std::uint64_t seed_;
  std::span<const LandClass> classes_;
};

}  // namespace eoshard::synth
