// Step 1, a product at a time: metadata, scene classification and labels decide which patches are candidates. No
// pixel of a reflectance band is decoded.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libingest/core/types.hpp"
#include "libingest/label/patch_labeler.hpp"
#include "libingest/pipeline/ingest_options.hpp"
#include "libingest/select/patch_filter.hpp"
#include "libingest/select/patch_grid.hpp"
#include "libingest/select/patch_list.hpp"
#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {

struct ScannedPatch {
  SclCounts scl;
  PatchLabels labels;
  std::optional<RejectReason> rejected;  ///< empty: a candidate
  int split = 0;                         ///< index into kSplitNames; of a candidate
};

struct ProductScan {
  Product product;
  PatchGrid grid;
  std::vector<ScannedPatch> patches;  ///< by PatchGrid::index_of

  std::vector<PatchPosition> candidates() const;  ///< row by row
};

/// A scan with the pixels that some arrays are cut from.
struct ScannedPixels {
  ProductScan scan;
  std::vector<std::uint8_t> scl;         ///< scene classification of the granule at 20 m, C order
  std::vector<std::uint8_t> grid_codes;  ///< land cover at 10 m, whole rows of patches; only with a label map
};

/// Judges the patches of `product`, on all of this rank's threads. `rulings` of lists are empty or one a patch.
ScannedPixels scan_product(const Product& product, const IngestOptions& options, const LabelSettings& labels,
                           std::span<const ListRuling> rulings);

/// A scan as the bytes of its file, and back. @throws Error{io} when they are damaged.
std::string serialise_scan(const ProductScan& scan);
ProductScan parse_scan(const std::string& bytes);

}  // namespace eoshard::ingest
