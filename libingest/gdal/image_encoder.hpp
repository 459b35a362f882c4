// Small pictures as the bytes of an image file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace eoshard::ingest {

enum class ImageFormat { png, jpeg };

/// Encodes height × width × channels interleaved 8-bit pixels: 1, 3 or, as PNG, 4 (RGBA) channels. The same pixels give
/// the same bytes. @throws Error{input} with GDAL's reason.
std::vector<std::byte> encode_image(ImageFormat format, int width, int height, int channels,
                                    std::span<const std::uint8_t> pixels);

}  // namespace eoshard::ingest
