// The files of a product: a .SAFE folder on disk, or inside a zip archive that is read in place.
#pragma once

#include <string>
#include <vector>

namespace eoshard::ingest {

class SafeFolder {
 public:
  /// `source` is a .SAFE folder of a Level-2A product, or a zip archive that holds one such folder.
  /// @throws Error{input} saying what `source` is instead.
  explicit SafeFolder(const std::string& source);

  /// The folder as GDAL opens it: "/data/S2A_….SAFE", or "/vsizip/{/data/S2A_….zip}/S2A_….SAFE".
  const std::string& root() const { return root_; }

  /// Its folder's own name without ".SAFE".
  std::string name() const;

  /// The product's metadata: "<root>/MTD_MSIL2A.xml", or the name of products before December 2016.
  const std::string& product_xml() const { return product_xml_; }

  /// Every file below GRANULE, as "<root>/GRANULE/…", in text order.
  std::vector<std::string> granule_files() const;

 private:
  std::string root_;
  std::string product_xml_;
};

}  // namespace eoshard::ingest
