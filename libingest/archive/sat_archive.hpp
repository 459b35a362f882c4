// SAT-4 and SAT-6, in whichever of their two forms they lie there.
#pragma once

#include <filesystem>

#include "libingest/archive/archive_source.hpp"
#include "libingest/archive/sat_dataset.hpp"

namespace eoshard::ingest {

/// `source` is a .mat file, or a folder with sat-4-full.mat (sat-6-full.mat) or else with CSV pairs.
Archive open_sat(const SatDataset& dataset, const std::filesystem::path& source);

}  // namespace eoshard::ingest
