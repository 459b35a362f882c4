// What a run would keep, as people and programs read it: candidates by product and split, rejected patches by reason.
#pragma once

#include <span>
#include <string>

#include "libingest/pipeline/product_survey.hpp"

namespace eoshard::ingest {

/// A line a product and one of totals.
std::string selection_text(std::span<const ScannedProduct> products);

/// {"products": [...], "total": {...}}, with the fields patches, candidates, splits and rejected.
std::string selection_json(std::span<const ScannedProduct> products);

}  // namespace eoshard::ingest
