// sat6annotations.csv, which Kaggle distributes beside the CSV pairs: which class each column of the labels is.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "libingest/archive/sat_dataset.hpp"

namespace eoshard::ingest {

/// The classes in the order of the labels' columns: as a file in `folder` says whose name holds "annotations" and not
/// the other dataset's name, with a row a class: its name, then its one-hot row. Without such a file, the published
/// order. @throws Error{input} naming the line that is no such row, and when columns have no class.
std::vector<std::string> sat_class_order(const SatDataset& dataset, const std::filesystem::path& folder);

}  // namespace eoshard::ingest
