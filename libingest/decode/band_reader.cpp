#include "libingest/decode/band_reader.hpp"

#include <fmt/format.h>
#include <gdal_priv.h>

#include <mutex>
#include <vector>

#include "libingest/core/error.hpp"
#include "libingest/decode/jp2_structure.hpp"
#include "libingest/gdal/gdal_errors.hpp"
#include "libingest/gdal/raster_dataset.hpp"

namespace eoshard::ingest {
namespace {

constexpr const char* kDriver = "JP2OpenJPEG";

ImageLayout read_layout(GDALDataset& dataset, const std::string& path) {
  if (dataset.GetRasterCount() != 1) {
    throw Error(ErrorKind::input, fmt::format("{} has {} bands instead of 1", path, dataset.GetRasterCount()));
  }
  GDALRasterBand& band = *dataset.GetRasterBand(1);
  const GDALDataType type = band.GetRasterDataType();
  if (type != GDT_Byte && type != GDT_UInt16) {
    throw Error(ErrorKind::input,
                fmt::format("{} has pixels of type {} instead of Byte or UInt16", path, GDALGetDataTypeName(type)));
  }
  ImageLayout layout{band.GetXSize(), band.GetYSize(), 0, 0, GDALGetDataTypeSizeBytes(type)};
  band.GetBlockSize(&layout.tile_width, &layout.tile_height);
  return layout;
}

}  // namespace

// Idle handles; a thread takes one, or opens another when there is none.
struct BandReader::Handles {
  std::mutex mutex;
  std::vector<GDALDatasetUniquePtr> idle;

  GDALDatasetUniquePtr take(const std::string& path) {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        GDALDatasetUniquePtr dataset = std::move(idle.back());
        idle.pop_back();
        return dataset;
      }
    }
    return open_raster(path, kDriver);
  }

  void give_back(GDALDatasetUniquePtr dataset) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(dataset));
  }
};

BandReader::BandReader(std::string path) : path_(std::move(path)), handles_(std::make_unique<Handles>()) {
  check_jp2_is_whole(path_);
  GDALDatasetUniquePtr dataset = handles_->take(path_);
  layout_ = read_layout(*dataset, path_);
  handles_->give_back(std::move(dataset));
}

BandReader::~BandReader() = default;
BandReader::BandReader(BandReader&&) noexcept = default;
BandReader& BandReader::operator=(BandReader&&) noexcept = default;

void BandReader::read_tile(int tile_column, int tile_row, std::span<std::byte> pixels) const {
  const std::size_t tile_bytes = static_cast<std::size_t>(layout_.tile_width) *
                                 static_cast<std::size_t>(layout_.tile_height) *
                                 static_cast<std::size_t>(layout_.bytes_per_pixel);
  if (pixels.size() < tile_bytes) throw Error(ErrorKind::internal, "the tile buffer is too small");
  GDALDatasetUniquePtr dataset = handles_->take(path_);
  const GdalErrors errors;
  // ReadBlock decodes straight into the buffer, past GDAL's block cache. OpenJPEG reports a cut or damaged codestream
  // as a warning and fills the gap with zeros, so a warning counts as a failure.
  const CPLErr status = dataset->GetRasterBand(1)->ReadBlock(tile_column, tile_row, pixels.data());
  check_gdal(status == CE_None && !errors.has_any(),
             fmt::format("{}: tile ({}, {}) cannot be decoded; the file is damaged or truncated", path_, tile_column,
                         tile_row),
             errors);
  handles_->give_back(std::move(dataset));
}

void check_layout(const BandReader& band, int size_px, int bytes_per_pixel) {
  const ImageLayout& layout = band.layout();
  if (layout.width == size_px && layout.height == size_px && layout.bytes_per_pixel == bytes_per_pixel) return;
  throw Error(
      ErrorKind::input,
      fmt::format("{} is {}x{} of {} bit instead of {}x{} of {} bit, which MTD_TL.xml announces", band.path(),
                  layout.width, layout.height, 8 * layout.bytes_per_pixel, size_px, size_px, 8 * bytes_per_pixel));
}

}  // namespace eoshard::ingest
