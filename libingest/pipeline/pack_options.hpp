// Every option that shapes a dataset made from a published archive.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "libingest/shard/dataset_formats.hpp"

namespace eoshard::ingest {

struct PackOptions {
  std::string kind;  ///< a name of archive_kinds()
  std::string source;
  std::filesystem::path out;
  std::vector<std::string> bands;               ///< empty: all that the archive has
  std::string upsample;                         ///< "nearest", "bilinear" or "bicubic" adds data_super; "": none
  bool no_native = false;                       ///< leave the native grids out; needs `upsample`
  std::string nomenclature = "bigearthnet-19";  ///< of archives whose labels are land-cover names
  std::vector<std::string> metadata;            ///< BigEarthNet v2's Parquet tables
  std::string reference_maps;                   ///< folder of v2's land-cover maps; "": none are stored
  int resize_px = 0;                            ///< of pictures: all are brought to this side; 0: all must be alike
  std::vector<std::string> band_names;          ///< of pictures
  std::string split;                            ///< "": as the archive says, or what suits its kind
  std::uint64_t seed = 0;
  std::vector<std::string> exclude_lists;  ///< files of sample names
  std::string unlisted = "drop";           ///< "drop", or the split of samples that no list names
  bool skip_bad = false;                   ///< count and list damaged samples instead of stopping at the first
  DatasetFormats formats;
  std::map<std::string, std::string> list_contents;  ///< checksums_of_lists(); empty before they are looked up

  int threads = 0;  ///< of this rank; 0: its share of the node's cores
  bool overwrite = false;
  std::string command_line;
};

/// The options that shape the dataset, as JSON: what a continued run must share with the one it continues.
std::string configuration_json(const PackOptions& options);

}  // namespace eoshard::ingest
