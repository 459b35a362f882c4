// Pictures as image datasets hold them: JPEG, PNG or TIFF files of 8 or 16 bits and any number of bands, read through
// GDAL.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace eoshard::ingest {

struct PictureShape {
  int width_px = 0;
  int height_px = 0;
  int bands = 0;
  int bytes_a_value = 1;  ///< 1: uint8, 2: uint16
  auto operator<=>(const PictureShape&) const = default;
};

/// "64 x 64 pixels of 13 bands of 16 bits"
std::string to_string(const PictureShape& shape);

/// Whether a file of this name is taken for a picture: .jpg, .jpeg, .png, .tif, .tiff in upper or lower case.
bool has_picture_name(std::string_view name);

/// The bytes of a picture file, opened. One thread.
class Picture {
 public:
  /// `file` must outlive the picture. @throws Error{input} beginning with `name` when the file is damaged, of another
  /// format, holds palette indices, or numbers other than uint8 and uint16.
  Picture(std::string_view file, std::string name);
  ~Picture();
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;

  const PictureShape& shape() const { return shape_; }

  /// The file's own names of its bands, or R, G, B, A and gray where it says so much; else "band_1", "band_2", ….
  std::vector<std::string> band_names() const;

  /// All pixels, (band, row, column). @throws Error{input} when they are damaged or cut.
  void read(std::vector<std::byte>& pixels) const;

  /// The same, resampled to `side_px` rows and columns by GDAL's bilinear filter, which averages when it shrinks.
  void read_resized(int side_px, std::vector<std::byte>& pixels) const;

 private:
  struct File;
  std::string name_;
  std::unique_ptr<File> file_;
  PictureShape shape_;
};

}  // namespace eoshard::ingest
