#include "libingest/archive/tiff_image.hpp"

#include <fmt/format.h>
#include <tiffio.h>

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "libingest/archive/plain_tiff.hpp"
#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

// GeoTIFF's tags and the key of a projected system's EPSG code (OGC 19-008, 7.1 and annex C).
constexpr std::uint32_t kModelTiepointTag = 33922;
constexpr std::uint32_t kGeoKeyDirectoryTag = 34735;
constexpr std::uint16_t kProjectedCrsKey = 3072;

constexpr std::size_t kMostTileValues = std::size_t{1} << 24;  // a damaged header may announce any size

// A file in memory, as libtiff's client functions see it, and what libtiff says of it.
struct MemoryFile {
  std::string_view bytes;
  std::uint64_t position = 0;
  std::string message;
};

MemoryFile& file_of(thandle_t handle) { return *static_cast<MemoryFile*>(handle); }

tmsize_t read_bytes(thandle_t handle, void* out, tmsize_t count) {
  MemoryFile& file = file_of(handle);
  const auto left = static_cast<tmsize_t>(file.bytes.size() - std::min(file.position, file.bytes.size()));
  const tmsize_t taken = std::min(count, left);
  if (taken > 0) std::memcpy(out, file.bytes.data() + file.position, static_cast<std::size_t>(taken));
  file.position += static_cast<std::uint64_t>(std::max<tmsize_t>(taken, 0));
  return taken;
}

tmsize_t refuse_write(thandle_t, void*, tmsize_t) { return -1; }

toff_t seek(thandle_t handle, toff_t offset, int whence) {
  MemoryFile& file = file_of(handle);
  if (whence == SEEK_SET) file.position = offset;
  if (whence == SEEK_CUR) file.position += offset;
  if (whence == SEEK_END) file.position = file.bytes.size() + offset;
  return file.position;
}

int close_nothing(thandle_t) { return 0; }
toff_t size_of(thandle_t handle) { return file_of(handle).bytes.size(); }

// Uncompressed strips are copied straight out of the mapping. libtiff does not write into it: the mode is "r".
int map_file(thandle_t handle, void** base, toff_t* size) {
  *base = const_cast<char*>(file_of(handle).bytes.data());
  *size = file_of(handle).bytes.size();
  return 1;
}
void unmap_file(thandle_t, void*, toff_t) {}

int keep_message(TIFF*, void* file, const char*, const char* format, va_list arguments) {
  char text[256];
  std::vsnprintf(text, sizeof text, format, arguments);
  std::string& message = static_cast<MemoryFile*>(file)->message;
  if (message.empty()) message = text;
  return 1;
}

int ignore_message(TIFF*, void*, const char*, const char*, va_list) { return 1; }

struct CloseTiff {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
struct FreeOptions {
  void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};

class OpenTiff {
 public:
  OpenTiff(std::string_view bytes, const std::string& name) : name_(name), file_{bytes, 0, {}} {
    const std::unique_ptr<TIFFOpenOptions, FreeOptions> options(TIFFOpenOptionsAlloc());
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_message, &file_);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), ignore_message, nullptr);  // GeoTIFF's tags are strange to it
    tiff_.reset(TIFFClientOpenExt(name.c_str(), "r", &file_, read_bytes, refuse_write, seek, close_nothing, size_of,
                                  map_file, unmap_file, options.get()));
    if (tiff_ == nullptr) refuse("it is no TIFF, or damaged");
  }

  TIFF* get() const { return tiff_.get(); }

  template <class Value>
  Value field(std::uint32_t tag, Value otherwise) const {
    Value value = otherwise;
    return TIFFGetFieldDefaulted(tiff_.get(), tag, &value) == 1 ? value : otherwise;
  }

  // The values of a tag that libtiff leaves as they are, if they are of `type`, which is that of Value. How it counts
  // them differs between tags that it knows nothing of and those that libgeotiff, if GDAL has loaded it, told it of.
  template <class Value>
  std::span<const Value> values(std::uint32_t tag, TIFFDataType type) const {
    const TIFFField* const field = TIFFFindField(tiff_.get(), tag, TIFF_ANY);
    if (field == nullptr || TIFFFieldDataType(field) != type || TIFFFieldPassCount(field) == 0) return {};
    return TIFFFieldReadCount(field) == TIFF_VARIABLE2 ? counted<std::uint32_t, Value>(tag)
                                                       : counted<std::uint16_t, Value>(tag);
  }

  [[noreturn]] void refuse(const std::string& what) const {
    const std::string detail = file_.message.empty() ? "" : fmt::format(" ({})", file_.message);
    throw Error(ErrorKind::input, fmt::format("{}: {}{}", name_, what, detail));
  }

 private:
  template <class Count, class Value>
  std::span<const Value> counted(std::uint32_t tag) const {
    Count count = 0;
    const Value* values = nullptr;
    if (TIFFGetField(tiff_.get(), tag, &count, &values) != 1) return {};
    return {values, count};
  }

  const std::string& name_;
  MemoryFile file_;
  std::unique_ptr<TIFF, CloseTiff> tiff_;
};

void check_shape(const OpenTiff& image, std::uint32_t side) {
  const auto width = image.field<std::uint32_t>(TIFFTAG_IMAGEWIDTH, 0);
  const auto height = image.field<std::uint32_t>(TIFFTAG_IMAGELENGTH, 0);
  const auto bits = image.field<std::uint16_t>(TIFFTAG_BITSPERSAMPLE, 0);
  const auto bands = image.field<std::uint16_t>(TIFFTAG_SAMPLESPERPIXEL, 0);
  const auto format = image.field<std::uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  if (width == side && height == side && bits == 16 && bands == 1 && format == SAMPLEFORMAT_UINT) return;
  image.refuse(fmt::format("the image is {} x {} pixels of {} bands and {} bits; expected {} x {} of one band, uint16",
                           width, height, bands, bits, side, side));
}

void read_strips(const OpenTiff& image, std::uint32_t side, std::span<std::uint16_t> pixels) {
  const std::uint32_t rows_a_strip = std::min(image.field<std::uint32_t>(TIFFTAG_ROWSPERSTRIP, side), side);
  if (rows_a_strip == 0) image.refuse("its strips are damaged");
  for (std::uint32_t row = 0; row < side; row += rows_a_strip) {
    const std::uint32_t rows = std::min(rows_a_strip, side - row);
    const auto room = pixels.subspan(std::size_t{row} * side, std::size_t{rows} * side);
    const auto bytes = static_cast<tmsize_t>(room.size_bytes());
    if (TIFFReadEncodedStrip(image.get(), TIFFComputeStrip(image.get(), row, 0), room.data(), bytes) != bytes)
      image.refuse("the image is damaged or cut");
  }
}

void read_tiles(const OpenTiff& image, std::uint32_t side, std::span<std::uint16_t> pixels) {
  const auto width = image.field<std::uint32_t>(TIFFTAG_TILEWIDTH, 0);
  const auto height = image.field<std::uint32_t>(TIFFTAG_TILELENGTH, 0);
  const std::size_t values = static_cast<std::size_t>(TIFFTileSize(image.get())) / sizeof(std::uint16_t);
  if (values < std::size_t{width} * height || values == 0 || values > kMostTileValues)
    image.refuse("its tiles are damaged");
  std::vector<std::uint16_t> tile(values);
  for (std::uint32_t top = 0; top < side; top += height) {
    for (std::uint32_t left = 0; left < side; left += width) {
      if (TIFFReadTile(image.get(), tile.data(), left, top, 0, 0) < 0) image.refuse("the image is damaged or cut");
      const std::uint32_t columns = std::min(width, side - left);
      for (std::uint32_t row = 0; row < std::min(height, side - top); ++row) {
        std::copy_n(tile.begin() + std::ptrdiff_t{row} * width, columns,
                    pixels.begin() + std::ptrdiff_t{top + row} * side + left);
      }
    }
  }
}

// The EPSG code of a projected system, or 0.
int epsg_of(const OpenTiff& image) {
  const auto keys = image.values<std::uint16_t>(kGeoKeyDirectoryTag, TIFF_SHORT);
  for (std::size_t entry = 4; entry + 3 < keys.size(); entry += 4) {  // after the header: key, location, count, value
    if (keys[entry] == kProjectedCrsKey && keys[entry + 1] == 0) return keys[entry + 3];
  }
  return 0;
}

}  // namespace

void decode_tiff(std::string_view bytes, const std::string& name, int side_px, std::span<std::uint16_t> pixels) {
  const auto side = static_cast<std::uint32_t>(side_px);
  if (read_plain_tiff(bytes, side, pixels)) return;
  const OpenTiff image(bytes, name);
  check_shape(image, side);
  TIFFIsTiled(image.get()) != 0 ? read_tiles(image, side, pixels) : read_strips(image, side, pixels);
}

std::optional<GroundSquare> ground_square_of_tiff(std::string_view bytes, const std::string& name) {
  const OpenTiff image(bytes, name);
  const int epsg = epsg_of(image);
  const auto tiepoint = image.values<double>(kModelTiepointTag, TIFF_DOUBLE);  // pixel column, row, level; x, y, z
  if (epsg == 0 || tiepoint.size() < 6) return {};
  return GroundSquare{epsg, std::llround(tiepoint[3]), std::llround(tiepoint[4])};
}

}  // namespace eoshard::ingest
