// dataset.json: what a dataset holds. Written last, it is what makes a folder a dataset.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "libingest/core/error.hpp"
#include "libingest/shard/dataset_formats.hpp"
#include "libingest/shard/zarr_array.hpp"

namespace eoshard::ingest {

inline constexpr const char* kManifestName = "dataset.json";

/// What the values of an image array are.
enum class ArrayRole {
  reflectance,           ///< bands on their native grid
  upsampled,             ///< bands brought to the 10 m grid
  scene_classification,  ///< SCL classes 0 … 11
  label_map,             ///< CORINE codes 111 … 523 a pixel
};

/// An image array of every split: which bands, in which order, on which grid.
struct ImageArray {
  std::string name;                        ///< "data_10m"
  int resolution_m = 0;                    ///< 0 where the source has none (image folders)
  std::vector<std::string> bands;          ///< along the array's band axis
  std::vector<std::int64_t> sample_shape;  ///< {bands, rows, columns}; {rows, columns} for an array of one band
  std::string dtype = "uint16";
  ArrayRole role = ArrayRole::reflectance;

  bool holds_reflectance() const { return role == ArrayRole::reflectance || role == ArrayRole::upsampled; }
};

/// Moments of a band over all pixels of a split, in stored units, from exact integer sums.
struct BandStatistics {
  std::string band;
  std::uint64_t pixels = 0;
  std::uint32_t minimum = 0;
  std::uint32_t maximum = 0;
  double mean = 0;                   ///< 0 when there are no pixels
  double standard_deviation = 0;     ///< of the population; 0 when there are no pixels
  std::string sum = "0";             ///< exact decimal integer
  std::string sum_of_squares = "0";  ///< exact decimal integer
};

struct Split {
  std::string name;  ///< "train", "validation" or "test"
  std::int64_t samples = 0;
  std::vector<std::uint64_t> class_counts;  ///< samples that carry each class
  std::vector<BandStatistics> statistics;   ///< in cube order (B01 … B12)
};

/// One product that went in.
struct Source {
  std::string product;
  std::string id_stem;  ///< what its patch ids begin with; granules of one product differ in it
  std::string path;     ///< UTF-8; other bytes as \xNN
  std::string baseline;
  std::string mgrs_tile;
  std::string acquired;
  int epsg = 0;
  std::map<std::string, int> boa_add_offset;  ///< empty where the product has none
  std::uint64_t patches = 0;
  std::uint64_t kept = 0;
  std::map<std::string, std::uint64_t> rejected;
};

/// A sample of an archive that could not be used.
struct BadMember {
  std::string member;
  std::string reason;
};

struct DatasetManifest {
  std::string program;
  std::string version;
  std::string command_line;
  std::string configuration_json = "{}";  ///< resolved options
  std::string task = "multi-label";       ///< or "single-label"
  std::string nomenclature;
  std::vector<std::string> classes;
  std::vector<ImageArray> arrays;
  std::string split_rule;
  std::uint64_t seed = 0;
  std::vector<Split> splits;                      ///< train, validation, test
  std::map<std::string, std::uint64_t> rejected;  ///< reason → patches
  std::vector<Source> sources;
  std::vector<BadMember>
      bad_members;  ///< left out of a packed archive because they are damaged; `rejected` counts them
  DatasetFormats formats;
  bool is_harmonised = true;            ///< stored = DN + BOA_ADD_OFFSET
  double quantification_value = 10000;  ///< stored units per unit of reflectance

  std::int64_t samples() const;
  /// @throws Error{input} for an unknown name.
  const Split& split(const std::string& name) const;
};

/// Text of dataset.json; `parse_manifest` is its inverse.
std::string manifest_text(const DatasetManifest& manifest);

/// @throws Error{input} saying where the text departs from schemas/dataset.schema.json.
DatasetManifest parse_manifest(const std::string& text);

/// The text of `dataset`/dataset.json. @throws Error{input} saying so when the folder is no finished dataset.
std::string read_manifest_text(const std::filesystem::path& dataset);

/// The same, parsed. @throws Error{input} saying so when the folder is no finished dataset.
DatasetManifest read_manifest(const std::filesystem::path& dataset);

/// Layout of the arrays beside the images: multi-hot labels and zero-padded patch ids.
ArraySpec classes_spec(std::size_t classes);
ArraySpec patch_id_spec();
/// Layout of an image array.
ArraySpec image_spec(const ImageArray& array);

inline constexpr std::size_t kPatchIdBytes = 64;

}  // namespace eoshard::ingest
