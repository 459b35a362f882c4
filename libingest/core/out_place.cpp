#include "libingest/core/out_place.hpp"

#include <fmt/format.h>

#include "libingest/core/error.hpp"

namespace eoshard {

void refuse_out_place(const std::filesystem::path& out, const std::error_code& reason) {
  throw Error(ErrorKind::io, fmt::format("--out {} cannot be used: {}; name a place that can be written", out.string(),
                                         reason.message()));
}

}  // namespace eoshard
