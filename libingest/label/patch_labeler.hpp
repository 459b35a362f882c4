// Labels of a granule's patches, whatever they are read from.
#pragma once

#include <memory>
#include <string>

#include "libingest/core/types.hpp"
#include "libingest/label/label_table.hpp"
#include "libingest/label/patch_labels.hpp"

namespace eoshard::ingest {

/// Labels the patches of one granule, a row of patches at a time. A row's labels do not depend on who computes which
/// row. One object a thread.
class PatchLabeler {
 public:
  virtual ~PatchLabeler() = default;

  /// @throws Error{input} when the source holds a value that is no land-cover code.
  virtual LabelRow label_row(int patch_row) = 0;
};

enum class LabelKind {
  none,         ///< a dataset without labels
  raster,       ///< land-cover raster
  vector,       ///< land-cover polygons
  csv,          ///< patch_id, labels
  parquet,      ///< BigEarthNet v2's table, or another with its columns
  bigearthnet,  ///< folder of BigEarthNet v1's JSON files
};

/// What BigEarthNet v1 puts behind a patch's name to name its labels' file.
inline constexpr const char* kBigEarthNetLabels = "_labels_metadata.json";

/// The path that stands for no labels.
inline constexpr const char* kNoLabels = "none";

/// What `path` is: by its name where it is a table, by what GDAL finds in it otherwise. kNoLabels is none.
/// @throws Error{input} when it is missing or nothing that labels are read from.
LabelKind detect_label_kind(const std::string& path);

/// Whether labels are known for every pixel, not for patches alone.
inline bool has_label_pixels(LabelKind kind) { return kind == LabelKind::raster || kind == LabelKind::vector; }

struct LabelSettings {
  LabelKind kind = LabelKind::none;
  std::string path;
  std::string layer;      ///< of a vector source; empty: the one with a code
  std::string attribute;  ///< of a vector source; empty: found by its name
  ClassRule rule;
  std::shared_ptr<const LabelTable> table;  ///< of csv, parquet, bigearthnet: the whole table
};

/// The labeler of one granule. `product_part` is what patch names say of its product, for sources that go by names.
/// @throws Error{input} when the source cannot be read. `settings.kind` is not none.
std::unique_ptr<PatchLabeler> make_patch_labeler(const LabelSettings& settings, const GranuleGeometry& geometry,
                                                 const std::string& product_part);

/// The error for a granule of which no row is covered.
[[noreturn]] void throw_not_covered(const LabelSettings& settings, const std::string& product_name);

}  // namespace eoshard::ingest
