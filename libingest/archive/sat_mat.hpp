// SAT-4 and SAT-6 as their authors publish them: sat-4-full.mat, sat-6-full.mat.
#pragma once

#include <filesystem>
#include <memory>

#include "libingest/archive/archive_source.hpp"
#include "libingest/archive/sat_dataset.hpp"

namespace eoshard::ingest {

/// Reads train_x and test_x (28 × 28 × 4 × N bytes) with train_y and test_y (classes × N), compressed or not, in
/// memory that grows with the labels only. Samples come in the order of the file, train first.
std::unique_ptr<ArchiveStream> open_sat_mat(const SatDataset& dataset, std::filesystem::path file);

}  // namespace eoshard::ingest
