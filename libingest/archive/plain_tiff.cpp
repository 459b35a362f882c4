// Structure and tags: TIFF 6.0 (Adobe, 1992), sections 2, 3 and 8; SampleFormat, section 19.
#include "libingest/archive/plain_tiff.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace eoshard::ingest {
namespace {

enum Tag : std::uint16_t {
  kImageWidth = 256,
  kImageLength = 257,
  kBitsPerSample = 258,
  kCompression = 259,
  kFillOrder = 266,
  kStripOffsets = 273,
  kSamplesPerPixel = 277,
  kRowsPerStrip = 278,
  kStripByteCounts = 279,
  kTileWidth = 322,
  kSampleFormat = 339,
};
constexpr std::uint16_t kShort = 3, kLong = 4;
constexpr std::uint64_t kEntryBytes = 12;

template <class Number>
std::optional<Number> number_at(std::string_view bytes, std::uint64_t offset) {
  Number number;
  if (offset > bytes.size() || bytes.size() - offset < sizeof number) return {};
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

// The first directory of a file, as far as its values are whole numbers.
class Directory {
 public:
  explicit Directory(std::string_view bytes) : bytes_(bytes) {
    constexpr std::string_view kSignature("II*\0", 4);
    if (!bytes.starts_with(kSignature)) return;
    begin_ = number_at<std::uint32_t>(bytes, kSignature.size()).value_or(0);
    entries_ = number_at<std::uint16_t>(bytes, begin_).value_or(0);
    begin_ += sizeof(std::uint16_t);
    if (begin_ + entries_ * kEntryBytes > bytes.size()) entries_ = 0;
  }

  std::uint32_t count(Tag tag) const {
    const auto entry = find(tag);
    return entry ? number_at<std::uint32_t>(bytes_, *entry + 4).value_or(0) : 0;
  }

  /// Value number `index` of a tag, if there is one.
  std::optional<std::uint32_t> value(Tag tag, std::uint32_t index = 0) const {
    const auto entry = find(tag);
    if (!entry || index >= count(tag)) return {};
    const auto type = number_at<std::uint16_t>(bytes_, *entry + 2);
    if (type != kShort && type != kLong) return {};
    const std::uint64_t width = type == kShort ? 2 : 4;
    const bool is_inside = count(tag) * width <= 4;
    const std::uint64_t values = is_inside ? *entry + 8 : number_at<std::uint32_t>(bytes_, *entry + 8).value_or(0);
    if (type == kShort) return number_at<std::uint16_t>(bytes_, values + index * width);
    return number_at<std::uint32_t>(bytes_, values + index * width);
  }

  /// Whether a tag has one value, which is `wanted`, or is not there and `wanted` is what TIFF takes it for.
  bool says(Tag tag, std::uint32_t wanted, std::optional<std::uint32_t> otherwise = {}) const {
    return find(tag) ? count(tag) == 1 && value(tag) == wanted : otherwise == wanted;
  }

  bool has(Tag tag) const { return find(tag).has_value(); }

 private:
  std::optional<std::uint64_t> find(Tag tag) const {
    for (std::uint64_t entry = begin_; entry < begin_ + entries_ * kEntryBytes; entry += kEntryBytes) {
      if (number_at<std::uint16_t>(bytes_, entry) == tag) return entry;
    }
    return {};
  }

  std::string_view bytes_;
  std::uint64_t begin_ = 0;
  std::uint64_t entries_ = 0;
};

bool is_plain(const Directory& directory, std::uint32_t side) {
  return directory.says(kImageWidth, side) && directory.says(kImageLength, side) &&
         directory.says(kBitsPerSample, 16) && directory.says(kCompression, 1, 1) && directory.says(kFillOrder, 1, 1) &&
         directory.says(kSamplesPerPixel, 1, 1) && directory.says(kSampleFormat, 1, 1) && !directory.has(kTileWidth);
}

}  // namespace

bool read_plain_tiff(std::string_view bytes, std::uint32_t side, std::span<std::uint16_t> pixels) {
  const Directory directory(bytes);
  if (!is_plain(directory, side)) return false;
  const std::uint32_t rows_a_strip = std::min(directory.value(kRowsPerStrip).value_or(0), side);
  if (rows_a_strip == 0) return false;
  const std::uint32_t strips = (side + rows_a_strip - 1) / rows_a_strip;
  if (directory.count(kStripOffsets) != strips || directory.count(kStripByteCounts) != strips) return false;
  for (std::uint32_t strip = 0; strip < strips; ++strip) {
    const std::uint32_t row = strip * rows_a_strip;
    const auto room = pixels.subspan(std::size_t{row} * side, std::size_t{std::min(rows_a_strip, side - row)} * side);
    const auto offset = directory.value(kStripOffsets, strip);
    if (!offset || directory.value(kStripByteCounts, strip) != room.size_bytes()) return false;
    if (*offset > bytes.size() || bytes.size() - *offset < room.size_bytes()) return false;
    std::memcpy(room.data(), bytes.data() + *offset, room.size_bytes());
  }
  return true;
}

}  // namespace eoshard::ingest
