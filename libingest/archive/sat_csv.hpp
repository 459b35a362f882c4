// SAT-4 and SAT-6 as pairs of CSV files, as Kaggle distributes them: X_train_sat6.csv with y_train_sat6.csv, X_test_…
// with y_test_….
#pragma once

#include <filesystem>
#include <memory>

#include "libingest/archive/archive_source.hpp"
#include "libingest/archive/sat_dataset.hpp"

namespace eoshard::ingest {

/// Reads the pairs in `folder`: no header, 3,136 columns (row, column, band) beside one-hot rows. Of a file's name, cut
/// at
/// '_', one part must be train or test and one X or y; a part that names the other dataset excludes it. Samples come in
/// the order of the lines, train first.
std::unique_ptr<ArchiveStream> open_sat_csv(const SatDataset& dataset, std::filesystem::path folder);

}  // namespace eoshard::ingest
