// The reference maps of BigEarthNet v2, a small TIFF a patch, published apart from the patches: read in any order, from
// the folder or from the tar of it. A tar's maps are first put into one file beside the dataset, with an index.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "libingest/core/file.hpp"

namespace eoshard::ingest {

/// "<patch>_reference_map.tif"
std::string reference_map_name(const std::string& patch);

/// Puts the maps of a tar (plain or compressed) into `store`, unless it is there already. @throws Error{input}
/// naming the member at which the tar is damaged, and when it holds no maps.
void store_reference_maps(const std::filesystem::path& tar, const std::filesystem::path& store);

/// Thread-safe.
class ReferenceMaps {
 public:
  /// `source` is the folder Reference_Maps; or its tar, whose maps lie in `store`.
  ReferenceMaps(std::filesystem::path source, std::filesystem::path store);

  struct Map {
    std::string name;   ///< as messages name it
    std::string bytes;  ///< a TIFF
  };

  /// @throws Error{input} where there is none for the patch.
  Map read(const std::string& patch) const;

 private:
  // Sixteen bytes a map: names are compared where they lie.
  struct Place {
    std::uint64_t name_hash = 0;
    std::uint64_t offset = 0;
  };
  friend void store_reference_maps(const std::filesystem::path&, const std::filesystem::path&);

  Map read_from_store(const std::string& patch) const;
  Map record_at(std::uint64_t offset) const;

  std::filesystem::path source_, store_;
  FileDescriptor file_;        // of the store; none of a folder
  std::vector<Place> places_;  // by hash
};

}  // namespace eoshard::ingest
