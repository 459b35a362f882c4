// Scores a finished run's weights on any dataset with the same classes and bands.
#pragma once

#include <filesystem>
#include <string>

#include "libtrain/trainer.hpp"

namespace eoshard::train {

struct EvaluateRequest {
  std::filesystem::path run;
  std::string split = "test";
  std::filesystem::path predictions;  ///< table to write, Parquet or CSV by its ending; empty = none
  std::filesystem::path embeddings;   ///< NumPy file to write, (samples, features); empty = none
};

/// Uses data, device, precision, threads, loader_threads, micro_batch_size and score_by of `wanted`, and the training
/// split's statistics from the run's weights.json. Returns one JSON object on the root. Collective.
/// @throws Error{input}, agreed on, when run and dataset do not fit each other.
std::string evaluate_run(const EvaluateRequest& request, const TrainOptions& wanted, const TrainSetting& setting);

}  // namespace eoshard::train
