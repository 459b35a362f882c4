#include "libingest/gdal/image_encoder.hpp"

#include <cpl_string.h>
#include <cpl_vsi.h>
#include <fmt/format.h>
#include <gdal_priv.h>

#include <atomic>
#include <cstring>

#include "libingest/gdal/gdal_errors.hpp"

namespace eoshard::ingest {
namespace {

// A file in GDAL's memory, gone with its owner. The side files that drivers may write are switched off below.
class MemoryFile {
 public:
  MemoryFile() {
    static std::atomic<std::uint64_t> files = 0;
    name_ = fmt::format("/vsimem/eoshard_image_{}", files++);
  }
  ~MemoryFile() { VSIUnlink(name_.c_str()); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  const char* name() const { return name_.c_str(); }
  std::vector<std::byte> bytes() const {
    vsi_l_offset length = 0;
    const GByte* const data = VSIGetMemFileBuffer(name(), &length, FALSE);
    std::vector<std::byte> copy(static_cast<std::size_t>(length));
    if (length > 0) std::memcpy(copy.data(), data, copy.size());
    return copy;
  }

 private:
  std::string name_;
};

GDALDriver* find_driver(const char* name, const GdalErrors& errors) {
  GDALDriver* const driver = GetGDALDriverManager()->GetDriverByName(name);
  check_gdal(driver != nullptr, fmt::format("GDAL's driver {}", name), errors);
  return driver;
}

GDALDatasetUniquePtr in_memory(int width, int height, int channels, std::span<const std::uint8_t> pixels,
                               const GdalErrors& errors) {
  GDALDatasetUniquePtr image(find_driver("MEM", errors)->Create("", width, height, channels, GDT_Byte, nullptr));
  check_gdal(image != nullptr, "a picture in memory", errors);
  // RasterIO does not write through the pointer when it writes to the raster.
  auto* const data = const_cast<std::uint8_t*>(pixels.data());
  const CPLErr written = image->RasterIO(GF_Write, 0, 0, width, height, data, width, height, GDT_Byte, channels,
                                         nullptr, channels, GSpacing{channels} * width, 1, nullptr);
  check_gdal(written == CE_None, "a picture in memory", errors);
  if (channels == 4) image->GetRasterBand(4)->SetColorInterpretation(GCI_AlphaBand);
  return image;
}

}  // namespace

std::vector<std::byte> encode_image(ImageFormat format, int width, int height, int channels,
                                    std::span<const std::uint8_t> pixels) {
  initialise_gdal();
  const GdalErrors errors;
  const GDALDatasetUniquePtr image = in_memory(width, height, channels, pixels, errors);
  CPLStringList options;
  if (format == ImageFormat::jpeg) options.SetNameValue("QUALITY", "88");
  GDALDriver* const driver = find_driver(format == ImageFormat::png ? "PNG" : "JPEG", errors);
  const MemoryFile file;
  const GDALDatasetUniquePtr encoded(
      driver->CreateCopy(file.name(), image.get(), FALSE, options.List(), nullptr, nullptr));
  check_gdal(encoded != nullptr, fmt::format("a picture of {} x {} pixels", width, height), errors);
  return file.bytes();
}

}  // namespace eoshard::ingest
