#include "libingest/pipeline/scan_parts.hpp"

#include <algorithm>
#include <span>

#include "libingest/core/error.hpp"
#include "libingest/pipeline/array_layout.hpp"
#include "libingest/shard/codec.hpp"
#include "libingest/shard/part_file.hpp"

namespace eoshard::ingest {
namespace {

// The square of `side` pixels of a patch, C order, out of an image of `width` pixels a row.
std::vector<std::uint8_t> cut_patch(std::span<const std::uint8_t> image, int width, int side, PatchPosition position) {
  std::vector<std::uint8_t> square;
  for (int line = 0; line < side; ++line) {
    const auto begin =
        std::size_t(position.row * side + line) * std::size_t(width) + std::size_t(position.column * side);
    const auto from = image.subspan(begin, static_cast<std::size_t>(side));
    square.insert(square.end(), from.begin(), from.end());
  }
  return square;
}

void write_scl_part(const ScannedPixels& pixels, const ImageArray& array, const std::filesystem::path& path) {
  const int width = pixels.scan.product.geometry.size_px(array.resolution_m);
  ChunkEncoder encoder(image_spec(array).codec);
  PartWriter part(path);
  for (const PatchPosition& position : pixels.scan.candidates()) {
    const auto square = cut_patch(pixels.scl, width, patch_side(array), position);
    part.append({position}, encoder.encode(std::as_bytes(std::span(square))));
  }
  part.close();
}

void write_label_map_part(const ScannedPixels& pixels, const ImageArray& array, const std::filesystem::path& path) {
  const int width = pixels.scan.product.geometry.size_px(array.resolution_m);
  ChunkEncoder encoder(image_spec(array).codec);
  PartWriter part(path);
  std::vector<std::uint16_t> map;
  for (const PatchPosition& position : pixels.scan.candidates()) {
    const auto square = cut_patch(pixels.grid_codes, width, patch_side(array), position);
    map.resize(square.size());
    std::transform(square.begin(), square.end(), map.begin(), label_map_value);
    part.append({position}, encoder.encode(std::as_bytes(std::span(map))));
  }
  part.close();
}

}  // namespace

void write_scan_parts(const ScannedPixels& pixels, const std::vector<ImageArray>& arrays, const WorkFolder& work) {
  for (const ImageArray& array : arrays) {
    if (!is_written_by_scan(array)) continue;
    const auto path = work.part_file(pixels.scan.product.id_stem, array.name);
    switch (array.role) {
      case ArrayRole::scene_classification: write_scl_part(pixels, array, path); break;
      case ArrayRole::label_map: write_label_map_part(pixels, array, path); break;
      default: throw Error(ErrorKind::internal, "no values for the array " + array.name);
    }
  }
}

}  // namespace eoshard::ingest
