// Labels of a granule's patches from a CORINE Land Cover raster.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libingest/core/types.hpp"
#include "libingest/label/nomenclature.hpp"

namespace eoshard::ingest {

struct PatchLabels {
  std::uint64_t classes = 0;  ///< bit c: class c is present
  int labelled_pixels = 0;    ///< of 14,400 at 10 m, those with any land-cover code
};

struct LabelSettings {
  std::string raster_path;  ///< grid codes or three-digit codes, any projection
  Nomenclature nomenclature;
  double min_class_percent = 0;  ///< share of a patch from which a class counts; 0: any pixel
};

/// Labels the patches of one granule, a row of patches at a time. Each row is warped by nearest neighbour in full-width
/// scan lines of the 10 m grid, at most 0.125 raster pixels off the exact projection, so the result does not depend on
/// who computes which row. One object a thread.
class PatchLabeler {
 public:
  /// @throws Error{input} when the raster cannot be read or has no projection.
  PatchLabeler(const LabelSettings& settings, const GranuleGeometry& geometry);
  ~PatchLabeler();
  PatchLabeler(PatchLabeler&&) noexcept;
  PatchLabeler& operator=(PatchLabeler&&) noexcept;

  struct Row {
    std::vector<PatchLabels> patches;  ///< one a column
    bool is_covered = false;           ///< some pixel of the row lies inside the raster
  };

  /// @throws Error{input} when the raster holds a value that is no land-cover code.
  Row label_row(int patch_row);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The error for a granule of which no row is covered.
[[noreturn]] void throw_not_covered(const LabelSettings& settings, const std::string& product_name);

}  // namespace eoshard::ingest
