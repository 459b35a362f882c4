// Work of products that are known by lists of patch ids alone.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "libingest/assign/assign_method.hpp"
#include "libingest/assign/decoding_cost.hpp"
#include "libingest/core/types.hpp"

namespace eoshard::ingest {

/// Patches of each product, by the product's name as the ids give it.
using ListedProducts = std::map<std::string, std::vector<PatchPosition>>;

/// Adds the patch that `id` names. @throws Error{input} when it has not the form of BigEarthNet v2's ids, e.g. is one
/// of v1, which does not say its product, or lies outside a granule.
void add_listed(const std::string& id, ListedProducts& products);

/// Reads lists of patch ids: text or CSV with the id in the first field of a line, a header or none, or Parquet with a
/// column patch_id. @throws Error{input} naming file and id.
ListedProducts read_listed_products(std::span<const std::string> paths);

/// What the units of a full granule (10 m, 20 m and 60 m bands) ask: the JPEG 2000 tiles that hold a listed patch, in
/// the tiling of every product so far (1024, 640 and 192 pixels). A tile counts whole, also where the granule's edge
/// cuts it.
std::vector<UnitWork> listed_units(std::span<const PatchPosition> patches);

/// The same as costs, in the order of names. A patch that is listed twice counts once.
std::vector<ProductWork> listed_work(const ListedProducts& products, const WorkRates& rates);

}  // namespace eoshard::ingest
