#include "libingest/gdal/vsi_file.hpp"

#include <fmt/format.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {

VsiFile open_vsi_file(const std::string& path) {
  VsiFile file(VSIFOpenL(path.c_str(), "rb"));
  if (!file) throw Error(ErrorKind::input, fmt::format("{} cannot be opened", path));
  return file;
}

bool vsi_exists(const std::string& path) {
  VSIStatBufL status;
  return VSIStatExL(path.c_str(), &status, VSI_STAT_EXISTS_FLAG) == 0;
}

}  // namespace eoshard::ingest
