// Which tiles stand for all those that a run decodes, when rates are measured.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "libingest/pipeline/product_scan.hpp"
#include "libingest/pipeline/unit_work.hpp"
#include "libingest/shard/dataset_manifest.hpp"

namespace eoshard::ingest {

/// A tile of a band that holds a candidate.
struct SampleTile {
  std::string path;
  int resolution_m = 0;
  NeededTiles::Tile tile;
};

/// Of all bands of `arrays`, by code-block pixels; each list ascends in bytes.
std::map<int, std::vector<SampleTile>> tiles_by_codeblock(std::span<const ProductScan> scans,
                                                          const std::vector<ImageArray>& arrays);

/// At most `wanted` of `tiles`, evenly spaced over the sum of their bytes: a tile's chance is its share of the work, so
/// that the many tiles of the coarse bands, which hold little of it, do not crowd out the others. None twice.
std::vector<SampleTile> draw_by_bytes(const std::vector<SampleTile>& tiles, std::size_t wanted);

/// Which of `count` things to take, evenly spaced: indices, ascending.
std::vector<std::size_t> sample_evenly(std::size_t count, std::size_t wanted);

}  // namespace eoshard::ingest
