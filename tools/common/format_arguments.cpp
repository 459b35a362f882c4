#include "tools/common/format_arguments.hpp"

#include <fmt/format.h>

#include "libingest/core/error.hpp"

namespace eoshard {

using namespace eoshard::ingest;

void declare_formats(CLI::App& app, FormatArguments& formats) {
  const char* const group = "Formats";
  app.add_option("--format", formats.names, "zarr, hdf5 or zarr,hdf5")->group(group);
  app.add_option("--hdf5-layout", formats.layout,
                 "shards: a file a shard; single: a file a split, written by all ranks")
      ->group(group);
  app.add_option("--hdf5-compression", formats.compression, "zstd (filter 32015, after shuffle) or none")->group(group);
}

DatasetFormats settle_formats(const FormatArguments& arguments, const CLI::App& app) {
  DatasetFormats formats;
  set_formats(formats, CLI::detail::split(arguments.names, ','));
  formats.hdf5_layout = parse_hdf5_layout(arguments.layout);
  formats.hdf5_compression = parse_hdf5_compression(arguments.compression);
  for (const char* option : {"--hdf5-layout", "--hdf5-compression"}) {
    if (formats.hdf5 || app.get_option(option)->count() == 0) continue;
    throw Error(ErrorKind::usage, fmt::format("{} is given, but --format {} writes no HDF5", option, arguments.names));
  }
  return formats;
}

}  // namespace eoshard
