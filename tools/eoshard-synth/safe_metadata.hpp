// The texts of a .SAFE folder: product metadata, tile metadata, manifest. Pure: values in, XML out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/eoshard-synth/baseline.hpp"
#include "tools/eoshard-synth/product_name.hpp"
#include "tools/eoshard-synth/raster_grid.hpp"

namespace eoshard::synth {

/// MTD_MSIL2A.xml; `images` are paths below the product's folder without ".jp2".
std::string product_metadata(const ProductName& name, const Baseline& baseline, const std::vector<std::string>& images);

/// GRANULE/.../MTD_TL.xml; `grid` is the 10 m grid.
std::string tile_metadata(const ProductName& name, const RasterGrid& grid);

struct ManifestEntry {
  std::string path;  ///< below the product's folder
  std::uint64_t bytes = 0;
  std::string checksum;
};

/// manifest.safe
std::string manifest(const std::vector<ManifestEntry>& entries, ChecksumKind kind);

}  // namespace eoshard::synth
