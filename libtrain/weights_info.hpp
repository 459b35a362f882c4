// weights.json: what one must know to use weights.safetensors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace eoshard::train {

struct WeightsInfo {
  std::string model;  ///< as --model; "model.pt" for the TorchScript file beside it
  std::string stem = "standard";
  std::string task;
  std::vector<std::string> bands;
  std::string input = "native";  ///< as --input
  std::string upsample = "bilinear";
  std::vector<std::string> classes;
  std::string nomenclature;   ///< to which the dataset's own classes were brought; empty: as stored
  std::vector<double> means;  ///< of each band, in stored units
  std::vector<double> standard_deviations;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t epoch = 0;
  std::string chosen_by;
};

/// Text of weights.json; `parse_weights_info` is its inverse.
std::string weights_info_text(const WeightsInfo& info);
/// @throws Error{input} where the text is something else.
WeightsInfo parse_weights_info(const std::string& text);

/// Reads `run`/weights.json. @throws Error{input} when there is none, or it is something else.
WeightsInfo read_weights_info(const std::filesystem::path& run);

}  // namespace eoshard::train
