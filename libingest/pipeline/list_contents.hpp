// What the files say that decide about patches, as checksums: part of what makes two runs the same.
#pragma once

#include <map>
#include <string>

#include "libingest/mpi/communicator.hpp"
#include "libingest/pipeline/ingest_options.hpp"
#include "libingest/pipeline/pack_options.hpp"

namespace eoshard::ingest {

/// SHA3-256, by canonical path, of the lists of patch ids (--exclude-list, --include-list, --split lists), of the
/// tables that translate their names and of a table of labels. Read by the root alone. Collective. Files that are not
/// there are left out: who reads them will say so.
std::map<std::string, std::string> checksums_of_lists(const IngestOptions& options, const Communicator& world);

/// The same of --exclude-list, --split lists and --metadata.
std::map<std::string, std::string> checksums_of_lists(const PackOptions& options, const Communicator& world);

/// Size and time of an archive, by its path; of a folder, which it is, and size and time of the .csv and .mat files
/// right in it. On one rank.
std::map<std::string, std::string> identity_of_source(const std::string& source);

}  // namespace eoshard::ingest
