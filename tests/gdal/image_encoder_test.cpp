#include "libingest/gdal/image_encoder.hpp"

#include <cpl_vsi.h>
#include <gdal_priv.h>
#include <gtest/gtest.h>

#include <cmath>

#include "libingest/core/error.hpp"

namespace eoshard::ingest {
namespace {

std::vector<std::uint8_t> decode(const std::vector<std::byte>& file, int channels) {
  const char* const name = "/vsimem/image_encoder_test";
  auto* const bytes = reinterpret_cast<GByte*>(const_cast<std::byte*>(file.data()));
  VSIFCloseL(VSIFileFromMemBuffer(name, bytes, file.size(), FALSE));
  GDALDatasetUniquePtr image(GDALDataset::Open(name));
  EXPECT_EQ(image->GetRasterCount(), channels);
  const int width = image->GetRasterXSize();
  const int height = image->GetRasterYSize();
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width * height * channels));
  EXPECT_EQ(image->RasterIO(GF_Read, 0, 0, width, height, pixels.data(), width, height, GDT_Byte, channels, nullptr,
                            channels, GSpacing{channels} * width, 1, nullptr),
            CE_None);
  image.reset();
  VSIUnlink(name);
  return pixels;
}

std::vector<std::uint8_t> ramp(int width, int height, int channels) {
  std::vector<std::uint8_t> pixels;
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      for (int channel = 0; channel < channels; ++channel) {
        pixels.push_back(static_cast<std::uint8_t>(row + 2 * column + 20 * channel));
      }
    }
  }
  return pixels;
}

TEST(EncodeImage, PngKeepsEveryPixel) {
  for (const int channels : {1, 3, 4}) {
    const std::vector<std::uint8_t> pixels = ramp(21, 13, channels);
    const auto file = encode_image(ImageFormat::png, 21, 13, channels, pixels);
    EXPECT_EQ(decode(file, channels), pixels);
    EXPECT_EQ(encode_image(ImageFormat::png, 21, 13, channels, pixels), file);
  }
}

TEST(EncodeImage, JpegIsCloseAndTheSameEveryTime) {
  for (const int channels : {1, 3}) {
    const std::vector<std::uint8_t> pixels = ramp(64, 48, channels);
    const auto file = encode_image(ImageFormat::jpeg, 64, 48, channels, pixels);
    const std::vector<std::uint8_t> decoded = decode(file, channels);
    double difference = 0;
    for (std::size_t pixel = 0; pixel < pixels.size(); ++pixel) difference += std::abs(pixels[pixel] - decoded[pixel]);
    EXPECT_LT(difference / static_cast<double>(pixels.size()), 3);
    EXPECT_EQ(encode_image(ImageFormat::jpeg, 64, 48, channels, pixels), file);
  }
}

TEST(EncodeImage, LeavesNothingBehind) {
  encode_image(ImageFormat::jpeg, 8, 8, 3, ramp(8, 8, 3));
  char** const names = VSIReadDir("/vsimem/");
  for (int index = 0; names != nullptr && names[index] != nullptr; ++index) {
    EXPECT_EQ(std::string(names[index]).find("eoshard"), std::string::npos) << names[index];
  }
  CSLDestroy(names);
}

TEST(EncodeImage, RefusesWhatNoFormatHolds) { EXPECT_THROW(encode_image(ImageFormat::png, 0, 5, 3, {}), Error); }

}  // namespace
}  // namespace eoshard::ingest
