// Images through GDAL: lossless JPEG 2000 as in Sentinel-2 products, and the CORINE-like GeoTIFF.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "tools/eoshard-synth/ground_map.hpp"
#include "tools/eoshard-synth/raster_grid.hpp"

namespace eoshard::synth {

/// Registers GDAL's drivers and silences its own messages: failures come as Error. Call once, before other threads run.
void prepare_gdal();

struct Jp2Options {
  bool is_georeferenced = true;
  bool is_full_granule = false;  ///< tiles, code-blocks and precincts of real products; else smaller, faster ones
};

/// Writes 15-bit digital numbers, or bytes, (rows, columns) of `grid` (10, 20 or 60 m). @throws Error{io}.
void write_jp2(const std::filesystem::path& path, std::span<const std::uint16_t> image, const RasterGrid& grid,
               Jp2Options options);
void write_jp2(const std::filesystem::path& path, std::span<const std::uint8_t> image, const RasterGrid& grid,
               Jp2Options options);

enum class LabelCodes {
  grid,  ///< bytes 1 to 44, 48 = no data
  clc,   ///< three digits 111 to 523, 999 = no data
};

/// Writes the classes of the map as an LZW-compressed GeoTIFF in EPSG:3035. @throws Error{io}.
void write_label_raster(const std::filesystem::path& path, const GroundMap& ground, LabelCodes codes);

}  // namespace eoshard::synth
