// Labels from a table: patches without an entry are unlabelled.
#pragma once

#include <memory>

#include "libingest/label/patch_labeler.hpp"

namespace eoshard::ingest {

/// Looks patches up in `settings.table`: by their ground square in BigEarthNet v1's files, else by the product's name
/// with column and row. A patch with an entry counts as labelled all over.
std::unique_ptr<PatchLabeler> make_table_labeler(const LabelSettings& settings, const GranuleGeometry& geometry,
                                                 const std::string& product_part);

}  // namespace eoshard::ingest
