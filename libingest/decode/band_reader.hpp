// Decodes the tiles of one image file of a product, each exactly once, from any number of threads.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace eoshard::ingest {

/// Size and internal tiling of an image. Tile sizes come from the file and differ by resolution and product.
struct ImageLayout {
  int width = 0;
  int height = 0;
  int tile_width = 0;
  int tile_height = 0;
  int bytes_per_pixel = 0;  ///< 1 or 2

  int tile_columns() const { return (width + tile_width - 1) / tile_width; }
  int tile_rows() const { return (height + tile_height - 1) / tile_height; }
  auto operator<=>(const ImageLayout&) const = default;
};

/// Thread-safe: every thread decodes through a handle of its own, opened on first use and kept for the next.
class BandReader {
 public:
  /// Opens a JPEG 2000 image of one band, 8 or 16 bits unsigned. @throws Error{input}
  explicit BandReader(std::string path);
  ~BandReader();
  BandReader(BandReader&&) noexcept;
  BandReader& operator=(BandReader&&) noexcept;

  const ImageLayout& layout() const { return layout_; }
  const std::string& path() const { return path_; }

  /// Decodes tile (column, row) into `pixels`: tile_width × tile_height pixels in C order, of which those inside the
  /// image are set. @throws Error{input} naming file and tile when the codestream is damaged.
  void read_tile(int tile_column, int tile_row, std::span<std::byte> pixels) const;

 private:
  struct Handles;
  std::string path_;
  ImageLayout layout_;
  std::unique_ptr<Handles> handles_;
};

/// @throws Error{input} naming the file unless the image has `size_px` pixels a side and `bytes_per_pixel` bytes each.
void check_layout(const BandReader& band, int size_px, int bytes_per_pixel);

}  // namespace eoshard::ingest
