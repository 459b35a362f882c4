// In which formats a dataset is stored, and where the files of each lie.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace eoshard::ingest {

enum class Hdf5Layout {
  shards,  ///< a file a shard: train/00000.h5
  single,  ///< a file a split, written by all ranks: train.h5
};

enum class Hdf5Compression {
  zstd,  ///< byte shuffle (uint16) and registered filter 32015: the frames that Zarr's chunks hold
  none,  ///< values as they are, with HDF5's Fletcher-32
};

struct DatasetFormats {
  bool zarr = true;
  bool hdf5 = false;
  Hdf5Layout hdf5_layout = Hdf5Layout::shards;
  Hdf5Compression hdf5_compression = Hdf5Compression::zstd;

  bool operator==(const DatasetFormats&) const = default;
};

/// {"zarr", "hdf5"}, those of the two that are stored; `set_formats` is its inverse.
std::vector<std::string> format_names(const DatasetFormats& formats);
/// @throws Error{usage} for another name, or none.
void set_formats(DatasetFormats& formats, const std::vector<std::string>& names);

std::string to_string(Hdf5Layout layout);
std::string to_string(Hdf5Compression compression);
/// @throws Error{usage} for another name.
Hdf5Layout parse_hdf5_layout(const std::string& name);
Hdf5Compression parse_hdf5_compression(const std::string& name);

/// "mydata/train.zarr"
std::filesystem::path split_folder(const std::filesystem::path& dataset, const std::string& split);

/// "mydata/train"
std::filesystem::path hdf5_folder(const std::filesystem::path& dataset, const std::string& split);

/// The file that holds shard `shard`: "mydata/train/00000.h5", or "mydata/train.h5" in the single layout.
std::filesystem::path hdf5_path(const std::filesystem::path& dataset, const std::string& split, Hdf5Layout layout,
                                std::int64_t shard);

/// Where a split lies, relative to its dataset: "train.zarr", "train" or "train.h5", in the first of its formats.
std::string split_path(const DatasetFormats& formats, const std::string& split);

}  // namespace eoshard::ingest
