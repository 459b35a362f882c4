// What the lists of a run (--exclude-list, --include-list, --split lists:…) say of its products' patches: read by one
// rank, known to all.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "libingest/core/log.hpp"
#include "libingest/core/types.hpp"
#include "libingest/mpi/communicator.hpp"
#include "libingest/pipeline/ingest_options.hpp"
#include "libingest/select/patch_list.hpp"

namespace eoshard::ingest {

/// Reads a file of patch ids: text or CSV, plain or compressed. @throws Error{input}
PatchList read_patch_list(const std::string& path);

/// Gives the v1 names of `lists` the ids that tables of BigEarthNet v2 (Parquet) have for them. Without tables nothing
/// changes. @throws Error{input}
void translate_v1_names(std::span<const std::string> tables, std::vector<PatchList>& lists);

/// Rulings by product and PatchGrid index; a product that no list speaks of has none. `products` are those of the run
/// in an order that all ranks share; of them names, tiles, times and geometry are used. Collective.
/// @throws Error{input} when a list cannot be read or fits the products in no clear way.
std::vector<std::vector<ListRuling>> read_rulings(const IngestOptions& options, std::span<const Product> products,
                                                  const Communicator& world, const Log& log);

}  // namespace eoshard::ingest
