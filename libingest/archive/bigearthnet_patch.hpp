// Patches of BigEarthNet v1 and v2: which files belong to each, and what these say.
//
// v1: <patch>/<patch>_B01.tif ... _B12.tif, <patch>_labels_metadata.json (Sumbul et al. 2019).
// v2: <product>/<patch>/<patch>_B01.tif ..., and apart from them <product>/<patch>/<patch>_reference_map.tif with the
// land-cover code of every pixel (Clasen et al. 2024); its labels are in metadata.parquet.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libingest/archive/archive_source.hpp"
#include "libingest/archive/reference_maps.hpp"

namespace eoshard::ingest {

enum class BigEarthNetVersion { v1, v2 };

struct BigEarthNetOptions {
  BigEarthNetVersion version = BigEarthNetVersion::v1;
  std::filesystem::path source;                  ///< folder or tar
  std::vector<std::string> bands = all_bands();  ///< names of kBands; files of others are not looked for
  std::filesystem::path reference_maps;          ///< folder of v2's maps, or its tar; "": none are stored
  std::filesystem::path map_store;               ///< file for what is read of that tar
};

/// Whether `name` is formed as a patch name of the version: "S2A_MSIL2A_20170613T101031_87_48", or with the tile.
bool is_bigearthnet_patch(BigEarthNetVersion version, std::string_view name);

/// "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP" of a patch: the name without column and row.
std::string product_of_patch(std::string_view patch);

/// What the patches of one archive have in common. Thread-safe.
class BigEarthNetPatches {
 public:
  explicit BigEarthNetPatches(BigEarthNetOptions options);

  const BigEarthNetOptions& options() const { return options_; }
  ArchiveLayout layout() const;

  /// Makes a tar's reference maps ready to be read. Root rank, before any decode().
  void prepare_reference_maps() const;

  /// Names of the files that a patch consists of in the archive, without their folder.
  std::vector<std::string> files_of(const std::string& patch) const;

  /// Whether a file is one of those.
  bool is_needed(const std::string& patch, std::string_view file) const;

  /// Fills in what raw.members, which are the files of files_of() in any order, say. @throws Error{input}
  void decode(const ArchiveLayout& layout, const RawSample& raw, DecodedSample& sample) const;

 private:
  void decode_bands(const ArchiveLayout& layout, const RawSample& raw, DecodedSample& sample) const;
  void read_v1_metadata(const RawSample& raw, DecodedSample& sample) const;
  void read_v2_metadata(const RawSample& raw, DecodedSample& sample) const;
  void read_reference_map(const std::string& patch, const ArchiveArray& array, std::vector<std::byte>& values) const;
  const ReferenceMaps& maps() const;
  int epsg_of(const std::string& projection) const;

  BigEarthNetOptions options_;
  std::vector<ResolutionGroup> groups_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, int> projections_;  // their texts are long and few
  mutable std::optional<ReferenceMaps> maps_;       // opened when first asked for
};

}  // namespace eoshard::ingest
