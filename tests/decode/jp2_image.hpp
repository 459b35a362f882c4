// A lossless JPEG 2000 image whose every pixel tells where it is.
#pragma once

#include <gdal_priv.h>

#include <filesystem>
#include <string>
#include <vector>

#include "libingest/gdal/gdal_errors.hpp"

namespace eoshard::ingest {

inline std::uint16_t pixel_at(int x, int y) { return static_cast<std::uint16_t>(1 + (x * 31 + y * 7) % 9973); }

inline std::string write_jp2(const std::filesystem::path& path, int size, int tile, int codeblock = 64) {
  initialise_gdal();
  std::vector<std::uint16_t> pixels;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) pixels.push_back(pixel_at(x, y));
  }
  auto* memory_driver = GetGDALDriverManager()->GetDriverByName("MEM");
  GDALDatasetUniquePtr memory(memory_driver->Create("", size, size, 1, GDT_UInt16, nullptr));
  if (memory->GetRasterBand(1)->RasterIO(GF_Write, 0, 0, size, size, pixels.data(), size, size, GDT_UInt16, 0, 0,
                                         nullptr) != CE_None) {
    return "";
  }
  CPLStringList options;
  options.SetNameValue("REVERSIBLE", "YES");
  options.SetNameValue("QUALITY", "100");
  options.SetNameValue("BLOCKXSIZE", std::to_string(tile).c_str());
  options.SetNameValue("BLOCKYSIZE", std::to_string(tile).c_str());
  options.SetNameValue("CODEBLOCK_WIDTH", std::to_string(codeblock).c_str());
  options.SetNameValue("CODEBLOCK_HEIGHT", std::to_string(codeblock).c_str());
  auto* driver = GetGDALDriverManager()->GetDriverByName("JP2OpenJPEG");
  GDALDatasetUniquePtr jp2(driver->CreateCopy(path.c_str(), memory.get(), FALSE, options.List(), nullptr, nullptr));
  return path.string();
}

}  // namespace eoshard::ingest
