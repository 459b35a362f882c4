// The tables of a dataset, a patch at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "libingest/report/patch_census.hpp"

namespace eoshard::ingest {

/// Calls `visit` for every row of samples.csv, then for every row of rejected.csv. `classes` give labels their indices.
/// @throws Error{io|input} naming the table and the row that cannot be understood.
void for_each_patch(const std::filesystem::path& dataset, const std::vector<std::string>& classes,
                    const std::function<void(const PatchRecord&)>& visit);

}  // namespace eoshard::ingest
