// The options that eoshard-ingest and eoshard-plan share: which products, which labels, which patches, which split.
#pragma once

#include <CLI/CLI.hpp>

#include "libingest/pipeline/ingest_options.hpp"

namespace eoshard {

/// Declares, beside the variables that they fill, the options that decide which patches a dataset is made of.
void declare_ingest_arguments(CLI::App& app, ingest::IngestOptions& options);

/// Declares --assign groups|lpt|algorithm1.
CLI::Option* declare_assign(CLI::App& app, std::string& method);

/// Declares --threads.
void declare_threads(CLI::App& app, int& threads);

/// Declares --progress auto|always|never.
void declare_progress(CLI::App& app, std::string& mode);

}  // namespace eoshard
