// What a network said of every sample of a split, as a table.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "libtrain/score_report.hpp"

namespace eoshard::train {

/// Writes `path` (CSV): split, index, patch_id, labels and predicted (class names joined by ';'), and a column of
/// probabilities for each class. `patch_ids` has one a sample. @throws Error{io}
void write_predictions(const std::filesystem::path& path, const std::string& split, const ScoreTable& table,
                       std::span<const float> thresholds, std::span<const std::string> class_names,
                       std::span<const std::string> patch_ids);

}  // namespace eoshard::train
