// What a network said of every sample of a split, as a table.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "libtrain/data/split_reader.hpp"
#include "libtrain/score_report.hpp"

namespace eoshard::train {

/// @throws Error{input} where a table of this name cannot be written (….parquet in a build without Parquet, a folder
/// that is not there).
void check_predictions_path(const std::filesystem::path& path);

/// @throws Error{input} where the folder of `path` is not there.
void check_folder_of(const std::filesystem::path& path);

/// Writes `path`, Parquet when its name ends in .parquet, else CSV: split, index (in samples.csv), patch_id, labels and
/// predicted (class names: a list, or joined by ';' in CSV), and a column of probabilities for each class. `patch_ids`
/// has one for each of `samples` of the split, as `table` has rows. @throws Error{io}
void write_predictions(const std::filesystem::path& path, const SplitReader& split,
                       const std::vector<std::int64_t>& samples, const ScoreTable& table,
                       std::span<const float> thresholds, std::span<const std::string> class_names,
                       std::span<const std::string> patch_ids);

}  // namespace eoshard::train
