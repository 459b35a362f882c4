#include "libingest/archive/sat_archive.hpp"

#include <fmt/format.h>

#include "libingest/archive/sat_csv.hpp"
#include "libingest/archive/sat_mat.hpp"

namespace eoshard::ingest {

Archive open_sat(const SatDataset& dataset, const std::filesystem::path& source) {
  std::error_code ignored;  // who reads the source says what is wrong with it
  if (!std::filesystem::is_directory(source, ignored)) return open_sat_mat(dataset, source);
  const std::filesystem::path file = source / fmt::format("{}-full.mat", dataset.name);
  if (std::filesystem::exists(file, ignored)) return open_sat_mat(dataset, file);
  return open_sat_csv(dataset, source);
}

}  // namespace eoshard::ingest
