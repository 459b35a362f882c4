// Files that GDAL opens, virtual ones (/vsizip/…) too.
#pragma once

#include <cpl_vsi.h>

#include <string>

#include "libingest/core/unique_handle.hpp"

namespace eoshard::ingest {

struct VsiFileTraits {
  static VSILFILE* invalid() noexcept { return nullptr; }
  static void close(VSILFILE* file) noexcept { VSIFCloseL(file); }
};
using VsiFile = UniqueHandle<VSILFILE*, VsiFileTraits>;

/// Opens `path` for reading. @throws Error{input} naming it.
VsiFile open_vsi_file(const std::string& path);

/// Whether there is something under `path`.
bool vsi_exists(const std::string& path);

}  // namespace eoshard::ingest
