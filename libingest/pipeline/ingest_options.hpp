// Every option that shapes a dataset made from products.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "libingest/core/types.hpp"
#include "libingest/select/patch_filter.hpp"
#include "libingest/shard/dataset_formats.hpp"

namespace eoshard::ingest {

struct IngestOptions {
  std::vector<std::string> sources;  ///< as expand_sources() takes them
  bool check_source = false;         ///< compare files with the checksums of manifest.safe before they are used
  std::filesystem::path out;
  std::vector<std::string> bands = all_bands();  ///< names of kBands, and "SCL"
  std::string upsample;                          ///< "nearest", "bilinear" or "bicubic" adds data_super; "": none
  bool no_native = false;                        ///< leave the native grids out; needs `upsample`
  bool raw_dn = false;                           ///< keep the file's values: no BOA_ADD_OFFSET is added
  bool keep_zero_pixels = false;                 ///< keep patches in which a pixel of a band is DN 0
  std::string labels;                            ///< raster, polygons, table or folder of land cover, or "none"
  std::string label_layer;                       ///< of polygons; "": the one with a code
  std::string label_attribute;                   ///< of polygons; "": found by its name
  std::string nomenclature = "bigearthnet-19";
  double min_class_percent = 0;
  bool label_map = false;  ///< store the land-cover code of every pixel
  FilterThresholds thresholds;
  std::vector<std::string> exclude_lists;  ///< files of patch ids
  std::vector<std::string> include_lists;  ///< the same; none: every patch
  std::vector<std::string> v2_metadata;    ///< Parquet tables of BigEarthNet v2, for names of v1 in lists
  std::string split = "random:70/15/15";
  std::uint64_t seed = 0;
  DatasetFormats formats;
  std::map<std::string, std::string> list_contents;  ///< checksums_of_lists(); empty before they are looked up

  std::string assign = "groups";  ///< how units are dealt to ranks
  std::string plan;               ///< file of eoshard-plan that deals them instead; "": none
  int threads = 0;                ///< of this rank; 0: its share of the node's cores
  bool overwrite = false;
  bool append = false;  ///< to the finished dataset in `out`, with its options
  std::string command_line;
};

/// The options that shape the dataset, as JSON: what a continued run must share with the one it continues. Where the
/// output lies, and how many threads and ranks make it, are not among them.
std::string configuration_json(const IngestOptions& options);

/// The options that `configuration_json` wrote; the others have their defaults. @throws Error{io} when it is damaged.
IngestOptions parse_configuration(const std::string& text);

}  // namespace eoshard::ingest
