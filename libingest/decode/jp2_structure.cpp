#include "libingest/decode/jp2_structure.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <span>

#include "libingest/core/error.hpp"
#include "libingest/gdal/vsi_file.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::uint32_t kCodestreamBox = 0x6a703263;  // "jp2c"
constexpr std::uint32_t kSignatureBox = 0x6a502020;   // "jP  "
constexpr std::uint64_t kStartOfCodestream = 0xff4f;
constexpr std::uint64_t kImageSize = 0xff51;
constexpr std::uint64_t kCodingStyle = 0xff52;
constexpr std::uint64_t kStartOfTilePart = 0xff90;
constexpr std::uint64_t kEndOfCodestream = 0xffd9;
constexpr std::uint64_t kMostTiles = 65535;  // tile numbers have 16 bits

class Jp2File {
 public:
  explicit Jp2File(const std::string& path) : path_(path), file_(open_vsi_file(path)) {
    VSIFSeekL(file_.get(), 0, SEEK_END);
    size_ = VSIFTellL(file_.get());
  }

  std::uint64_t size() const { return size_; }

  // Big-endian number of `bytes` bytes.
  std::uint64_t number_at(std::uint64_t offset, std::size_t bytes) {
    std::array<std::uint8_t, 8> buffer{};
    VSIFSeekL(file_.get(), offset, SEEK_SET);
    if (VSIFReadL(buffer.data(), 1, bytes, file_.get()) != bytes) throw_cut();
    std::uint64_t value = 0;
    for (const std::uint8_t byte : std::span(buffer).first(bytes)) value = value << 8 | byte;
    return value;
  }

  [[noreturn]] void throw_cut() const {
    throw Error(ErrorKind::input, fmt::format("{} is truncated; download the product again", path_));
  }

  [[noreturn]] void throw_no_jp2() const {
    throw Error(ErrorKind::input, fmt::format("{} is no JPEG 2000 file", path_));
  }

 private:
  const std::string& path_;
  VsiFile file_;
  std::uint64_t size_ = 0;
};

struct Box {
  std::uint64_t end;
  std::uint32_t type;
};

// A length of 1 announces a 64-bit length, 0 a box that fills the rest of the file.
Box read_box(Jp2File& file, std::uint64_t begin) {
  std::uint64_t length = file.number_at(begin, 4);
  const auto type = static_cast<std::uint32_t>(file.number_at(begin + 4, 4));
  if (length == 1) length = file.number_at(begin + 8, 8);
  if (length == 0) length = file.size() - begin;
  if (length < 8) file.throw_no_jp2();
  if (length > file.size() - begin) file.throw_cut();
  return {begin + length, type};
}

// The codestream's place in the file.
struct Extent {
  std::uint64_t begin;
  std::uint64_t end;
};

Extent find_codestream(Jp2File& file) {
  for (std::uint64_t begin = 0; begin < file.size();) {
    const Box box = read_box(file, begin);
    const bool is_long = file.number_at(begin, 4) == 1;
    if (box.type == kCodestreamBox) return {begin + (is_long ? 16 : 8), box.end};
    begin = box.end;
  }
  file.throw_cut();
}

std::uint64_t divide_up(std::uint64_t value, std::uint64_t by) { return (value + by - 1) / by; }

// SIZ (A.5.1): Xsiz, Ysiz, XOsiz, YOsiz, XTsiz, YTsiz, XTOsiz, YTOsiz follow the marker, Lsiz and Rsiz.
std::uint64_t tile_count(Jp2File& file, std::uint64_t marker) {
  const auto field = [&](std::uint64_t index) { return file.number_at(marker + 6 + 4 * index, 4); };
  const std::uint64_t tile_width = field(4), tile_height = field(5);
  if (tile_width == 0 || tile_height == 0 || field(0) <= field(6) || field(1) <= field(7)) file.throw_no_jp2();
  const std::uint64_t columns = divide_up(field(0) - field(6), tile_width);
  const std::uint64_t rows = divide_up(field(1) - field(7), tile_height);
  if (columns > kMostTiles || columns * rows > kMostTiles) file.throw_no_jp2();
  return columns * rows;
}

// COD: after the marker, Lcod, Scod, four bytes of SGcod and the decomposition levels come the exponents of the
// code-block's width and height, less 2. Their sum may be 8 (table A.18).
int codeblock_pixels(Jp2File& file, std::uint64_t marker) {
  const std::uint64_t exponents = file.number_at(marker + 10, 1) + file.number_at(marker + 11, 1);
  if (exponents > 8) file.throw_no_jp2();
  return 1 << (exponents + 4);
}

// Reads the main header's markers and returns where the first tile-part begins.
std::uint64_t read_main_header(Jp2File& file, Extent codestream, Jp2Coding& coding) {
  if (file.number_at(codestream.begin, 2) != kStartOfCodestream) file.throw_no_jp2();
  std::uint64_t marker = codestream.begin + 2;
  for (std::uint64_t code = 0; (code = file.number_at(marker, 2)) != kStartOfTilePart;) {
    if (code == kImageSize) coding.tile_bytes.assign(tile_count(file, marker), 0);
    if (code == kCodingStyle) coding.codeblock_px = codeblock_pixels(file, marker);
    marker += 2 + file.number_at(marker + 2, 2);
    if (marker >= codestream.end) file.throw_cut();
  }
  if (coding.tile_bytes.empty() || coding.codeblock_px == 0) file.throw_no_jp2();
  return marker;
}

// Adds the bytes of a tile-part to its tile and returns where it ends. A length of 0 means: up to the end (A.4.2).
std::uint64_t read_tile_part(Jp2File& file, Extent codestream, std::uint64_t marker, Jp2Coding& coding) {
  const std::uint64_t tile = file.number_at(marker + 4, 2);
  std::uint64_t length = file.number_at(marker + 6, 4);
  if (length == 0) length = codestream.end - 2 - marker;
  if (tile >= coding.tile_bytes.size() || length < 12) file.throw_no_jp2();
  if (length > codestream.end - marker) file.throw_cut();
  coding.tile_bytes[tile] += length;
  return marker + length;
}

}  // namespace

void check_jp2_is_whole(const std::string& path) {
  Jp2File file(path);
  bool has_codestream = false;
  for (std::uint64_t begin = 0; begin < file.size();) {
    const Box box = read_box(file, begin);
    if (begin == 0 && box.type != kSignatureBox) file.throw_no_jp2();
    if (box.type == kCodestreamBox) {
      has_codestream = true;
      if (file.number_at(box.end - 2, 2) != kEndOfCodestream) file.throw_cut();
    }
    begin = box.end;
  }
  if (!has_codestream) file.throw_cut();
}

Jp2Coding read_jp2_coding(const std::string& path) {
  Jp2File file(path);
  const Extent codestream = find_codestream(file);
  Jp2Coding coding;
  std::uint64_t marker = read_main_header(file, codestream, coding);
  while (marker + 12 <= codestream.end && file.number_at(marker, 2) == kStartOfTilePart)
    marker = read_tile_part(file, codestream, marker, coding);
  return coding;
}

}  // namespace eoshard::ingest
