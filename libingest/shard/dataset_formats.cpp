#include "libingest/shard/dataset_formats.hpp"

#include <fmt/format.h>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {

std::vector<std::string> format_names(const DatasetFormats& formats) {
  std::vector<std::string> names;
  if (formats.zarr) names.emplace_back("zarr");
  if (formats.hdf5) names.emplace_back("hdf5");
  return names;
}

void set_formats(DatasetFormats& formats, const std::vector<std::string>& names) {
  formats.zarr = formats.hdf5 = false;
  for (const std::string& name : names) {
    if (name != "zarr" && name != "hdf5") {
      throw Error(ErrorKind::usage, fmt::format("'{}' is no format; name zarr, hdf5 or zarr,hdf5", name));
    }
    (name == "zarr" ? formats.zarr : formats.hdf5) = true;
  }
  if (names.empty()) throw Error(ErrorKind::usage, "no format is named; name zarr, hdf5 or zarr,hdf5");
}

std::string to_string(Hdf5Layout layout) { return layout == Hdf5Layout::shards ? "shards" : "single"; }

std::string to_string(Hdf5Compression compression) { return compression == Hdf5Compression::zstd ? "zstd" : "none"; }

Hdf5Layout parse_hdf5_layout(const std::string& name) {
  if (name == "shards") return Hdf5Layout::shards;
  if (name == "single") return Hdf5Layout::single;
  throw Error(ErrorKind::usage, fmt::format("'{}' is no HDF5 layout; name shards or single", name));
}

Hdf5Compression parse_hdf5_compression(const std::string& name) {
  if (name == "zstd") return Hdf5Compression::zstd;
  if (name == "none") return Hdf5Compression::none;
  throw Error(ErrorKind::usage, fmt::format("'{}' is no compression of HDF5; name zstd or none", name));
}

std::filesystem::path split_folder(const std::filesystem::path& dataset, const std::string& split) {
  return dataset / (split + ".zarr");
}

std::filesystem::path hdf5_folder(const std::filesystem::path& dataset, const std::string& split) {
  return dataset / split;
}

std::filesystem::path hdf5_path(const std::filesystem::path& dataset, const std::string& split, Hdf5Layout layout,
                                std::int64_t shard) {
  if (layout == Hdf5Layout::single) return dataset / (split + ".h5");
  return hdf5_folder(dataset, split) / fmt::format("{:05}.h5", shard);
}

std::string split_path(const DatasetFormats& formats, const std::string& split) {
  if (formats.zarr) return split + ".zarr";
  return formats.hdf5_layout == Hdf5Layout::single ? split + ".h5" : split;
}

}  // namespace eoshard::ingest
