// What the work units of a scanned product ask of a core, read off its files without decoding a pixel.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "libingest/assign/decoding_cost.hpp"
#include "libingest/decode/band_reader.hpp"
#include "libingest/pipeline/product_scan.hpp"
#include "libingest/resample/upsample.hpp"
#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {

/// The tiles of one band that hold a candidate.
struct NeededTiles {
  struct Tile {
    int column = 0;
    int row = 0;
    double pixels = 0;  ///< inside the image
    double bytes = 0;   ///< of compressed data
  };

  std::string path;
  ImageLayout layout;
  int codeblock_px = 0;
  std::vector<Tile> tiles;
};

/// With what lies `halo_px` around a candidate. @throws Error{input} naming the file when it is no whole JPEG 2000
/// file.
NeededTiles find_needed_tiles_of(const Product& product, const BandInfo& band,
                                 const std::vector<PatchPosition>& candidates, int halo_px = 0);

/// One a unit of arrays_of_units(arrays). `upsample` is the method of upsampled arrays, where there are any.
std::vector<UnitWork> work_of_units(const ProductScan& scan, const std::vector<ImageArray>& arrays,
                                    UpsampleMethod upsample = UpsampleMethod::nearest);

}  // namespace eoshard::ingest
