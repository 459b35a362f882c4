// The option --check-source: files are compared with manifest.safe right before they are read, by the rank that reads
// them, on all of its threads.
#pragma once

#include <string>
#include <vector>

#include "libingest/core/types.hpp"

namespace eoshard::ingest {

/// @throws Error{input} naming a file whose checksum is another one.
void check_files(const Product& product, const std::vector<std::string>& files);

/// The same for the files of `bands` (names of kBands).
void check_bands(const Product& product, const std::vector<std::string>& bands);

}  // namespace eoshard::ingest
