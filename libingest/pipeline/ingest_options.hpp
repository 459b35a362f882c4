// Every option that shapes a dataset made from products.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "libingest/select/patch_filter.hpp"

namespace eoshard::ingest {

struct IngestOptions {
  std::vector<std::string> sources;  ///< .SAFE folders
  std::filesystem::path out;
  std::string labels;  ///< land-cover raster
  std::string nomenclature = "bigearthnet-19";
  double min_class_percent = 0;
  FilterThresholds thresholds;
  std::string split = "random:70/15/15";
  std::uint64_t seed = 0;

  int threads = 0;  ///< of this rank; 0: its share of the node's cores
  bool overwrite = false;
  std::string command_line;
};

/// The options that shape the dataset, as JSON: what a continued run must share with the one it continues. Where the
/// output lies, and how many threads and ranks make it, are not among them.
std::string configuration_json(const IngestOptions& options);

/// The options that `configuration_json` wrote; the others have their defaults. @throws Error{io} when it is damaged.
IngestOptions parse_configuration(const std::string& json);

}  // namespace eoshard::ingest
