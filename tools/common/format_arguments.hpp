// The options that say in which formats a dataset is written, for every program that writes one.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "libingest/shard/dataset_formats.hpp"

namespace eoshard {

struct FormatArguments {
  std::string names = "zarr";
  std::string layout = "shards";
  std::string compression = "zstd";
};

/// Declares --format, --hdf5-layout and --hdf5-compression.
void declare_formats(CLI::App& app, FormatArguments& formats);

/// What was given. @throws Error{usage} for names that are none, and for options of a format that is not written.
ingest::DatasetFormats settle_formats(const FormatArguments& arguments, const CLI::App& app);

}  // namespace eoshard
