// The floor under eoshard-ingest: decodes the twelve bands and the scene classification of products with the same
// libgdal on all cores, throws the pixels away, and prints what that took as JSON.
//
// decode_floor [--threads N] [--read tiles|bands] PRODUCT.SAFE...
//
// tiles (the faster one): threads take JPEG 2000 tiles off one counter, file by file, and decode each straight into a
// buffer of their own, through a dataset handle of their own. bands: one RasterIO a whole band, GDAL's own threads.
#include <gdal_priv.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr const char* kLayers[] = {"_B02_10m", "_B03_10m", "_B04_10m", "_B08_10m", "_B05_20m", "_B06_20m", "_B07_20m",
                                   "_B8A_20m", "_B11_20m", "_B12_20m", "_SCL_20m", "_B01_60m", "_B09_60m"};

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "decode_floor: %s\n", message.c_str());
  std::exit(1);
}

struct Tile {
  std::string file;
  int column;
  int row;
};

GDALDatasetUniquePtr open(const std::string& file) {
  GDALDatasetUniquePtr dataset(GDALDataset::Open(file.c_str(), GDAL_OF_RASTER));
  if (!dataset) fail("cannot open " + file);
  return dataset;
}

std::vector<std::string> find_images(const fs::path& product) {
  std::vector<std::string> images;
  for (const char* layer : kLayers) {
    const auto before = images.size();
    for (const auto& entry : fs::recursive_directory_iterator(product / "GRANULE")) {
      if (entry.path().stem().string().ends_with(layer)) images.push_back(entry.path().string());
    }
    if (images.size() != before + 1) fail(product.string() + " has no single file " + layer);
  }
  return images;
}

std::vector<Tile> list_tiles(const std::vector<std::string>& images) {
  std::vector<Tile> tiles;
  for (const std::string& image : images) {
    const auto dataset = open(image);
    GDALRasterBand& band = *dataset->GetRasterBand(1);
    int width = 0, height = 0;
    band.GetBlockSize(&width, &height);
    for (int row = 0; row * height < band.GetYSize(); ++row) {
      for (int column = 0; column * width < band.GetXSize(); ++column) tiles.push_back({image, column, row});
    }
  }
  return tiles;
}

// One thread's share: tiles off the counter, until none is left.
void decode_tiles(const std::vector<Tile>& tiles, std::atomic<std::size_t>& next) {
  GDALDatasetUniquePtr dataset;
  std::string file;
  std::vector<std::uint16_t> pixels;
  for (std::size_t index = next++; index < tiles.size(); index = next++) {
    const Tile& tile = tiles[index];
    if (file != tile.file) dataset = open(file = tile.file);
    GDALRasterBand& band = *dataset->GetRasterBand(1);
    int width = 0, height = 0;
    band.GetBlockSize(&width, &height);
    pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
    if (band.ReadBlock(tile.column, tile.row, pixels.data()) != CE_None) fail("cannot decode " + file);
  }
}

void decode_by_tiles(const std::vector<std::string>& images, int threads) {
  const std::vector<Tile> tiles = list_tiles(images);
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> team;
  for (int thread = 0; thread < threads; ++thread) team.emplace_back([&] { decode_tiles(tiles, next); });
  for (std::thread& thread : team) thread.join();
}

void decode_by_bands(const std::vector<std::string>& images, int threads) {
  CPLSetConfigOption("GDAL_NUM_THREADS", std::to_string(threads).c_str());
  for (const std::string& image : images) {
    const auto dataset = open(image);
    GDALRasterBand& band = *dataset->GetRasterBand(1);
    std::vector<std::uint16_t> pixels(static_cast<std::size_t>(band.GetXSize()) *
                                      static_cast<std::size_t>(band.GetYSize()));
    if (band.RasterIO(GF_Read, 0, 0, band.GetXSize(), band.GetYSize(), pixels.data(), band.GetXSize(), band.GetYSize(),
                      GDT_UInt16, 0, 0, nullptr) != CE_None) {
      fail("cannot decode " + image);
    }
  }
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

int main(int argc, char** argv) {
  int threads = static_cast<int>(std::thread::hardware_concurrency());
  bool by_tiles = true;
  std::vector<std::string> images;
  const auto start = std::chrono::steady_clock::now();
  setenv("OPJ_NUM_THREADS", "0",
         0);  // no pool of threads for every tile: half the cost of a thread hand-over a code-block
  GDALAllRegister();
  for (int index = 1; index < argc; ++index) {
    const std::string argument = argv[index];
    if (argument == "--threads" && index + 1 < argc) {
      threads = std::max(1, std::atoi(argv[++index]));
    } else if (argument == "--read" && index + 1 < argc) {
      by_tiles = std::string(argv[++index]) == "tiles";
    } else {
      for (std::string& image : find_images(argument)) images.push_back(std::move(image));
    }
  }
  if (images.empty()) fail("usage: decode_floor [--threads N] [--read tiles|bands] PRODUCT.SAFE...");
  by_tiles ? decode_by_tiles(images, threads) : decode_by_bands(images, threads);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("{\"wall_s\": %.3f, \"user_s\": %.3f, \"system_s\": %.3f, \"peak_mb\": %.1f}\n", wall.count(),
              seconds(usage.ru_utime), seconds(usage.ru_stime), static_cast<double>(usage.ru_maxrss) / 1024);
  return 0;
}
