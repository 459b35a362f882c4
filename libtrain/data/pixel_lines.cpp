#include "libtrain/data/pixel_lines.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "libingest/core/vector_clones.hpp"

namespace eoshard::train {
namespace {

using Four = float __attribute__((vector_size(16)));

Four load(const float* from) {
  Four values;
  std::memcpy(&values, from, sizeof(values));
  return values;
}

// Past the caches: the network reads a batch long after it was made. `to` is aligned for it.
void stream(Four values, float* to) {
#ifdef __SSE2__
  _mm_stream_ps(to, values);
#else
  std::memcpy(to, &values, sizeof(values));
#endif
}

// Four columns of four bands, lines `stride` apart, as four pixels.
void transpose_block(const float* from, std::int64_t stride, Four* pixels) {
  const Four a = load(from), b = load(from + stride), c = load(from + 2 * stride), d = load(from + 3 * stride);
  const Four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  pixels[0] = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
  pixels[1] = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
  pixels[2] = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
  pixels[3] = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

// Four columns of four bands of all rows.
struct PixelBlock {
  Four pixels[kPlacedRows][4];
};

// Bands, columns and rows that are multiples of four: stores follow each other in memory, whole cache lines at a time.
class BlockPlacing {
 public:
  BlockPlacing(std::span<const float> lines, std::int64_t columns, std::int64_t bands, const PixelPlace& place)
      : lines_(lines.data()), columns_(columns), bands_(bands), place_(place) {}

  static bool fits(std::span<const float> lines, std::int64_t columns, std::int64_t bands, const PixelPlace& place) {
    const bool is_aligned = reinterpret_cast<std::uintptr_t>(place.to) % sizeof(Four) == 0;
    const bool is_whole = static_cast<std::int64_t>(lines.size()) == kPlacedRows * columns * bands;
    return is_aligned && is_whole && columns % 4 == 0 && bands % 4 == 0 && bands / 4 <= kMaxGroups;
  }

  void run() const {
    const bool is_turned = std::abs(place_.row_step) < std::abs(place_.column_step);
    PixelBlock blocks[kMaxGroups];
    for (std::int64_t column = 0; column < columns_; column += 4) {
      for (std::int64_t group = 0; group < bands_ / 4; ++group) gather(column, group, blocks[group]);
      for (std::int64_t outer = 0; outer < 4; ++outer) {
        for (std::int64_t inner = 0; inner < 4; ++inner)
          is_turned ? put(blocks, inner, column, outer) : put(blocks, outer, column, inner);
      }
    }
  }

 private:
  static constexpr std::int64_t kMaxGroups = 8;

  void gather(std::int64_t column, std::int64_t group, PixelBlock& block) const {
    for (std::int64_t row = 0; row < kPlacedRows; ++row)
      transpose_block(lines_ + (row * bands_ + 4 * group) * columns_ + column, columns_, block.pixels[row]);
  }

  void put(const PixelBlock* blocks, std::int64_t row, std::int64_t first_column, std::int64_t column) const {
    float* to = place_.to + row * place_.row_step + (first_column + column) * place_.column_step;
    for (std::int64_t group = 0; group < bands_ / 4; ++group) stream(blocks[group].pixels[row][column], to + 4 * group);
  }

  const float* lines_;
  std::int64_t columns_, bands_;
  PixelPlace place_;
};

// Pixel centres of the fine line lie a quarter of a coarse pixel before and behind each coarse centre.
EOSHARD_VECTOR_CLONES void double_line(const float* padded, std::size_t coarse, float* out) {
  for (std::size_t at = 0; at < coarse; ++at) {
    out[2 * at] = 0.25F * padded[at] + 0.75F * padded[at + 1];
    out[2 * at + 1] = 0.75F * padded[at + 1] + 0.25F * padded[at + 2];
  }
}

EOSHARD_VECTOR_CLONES void gather_line(const float* coarse, const InterpolationAxis& axis, float* out) {
  const std::int32_t* low = axis.low.data();
  const std::int32_t* high = axis.high.data();
  const float* weight = axis.weight.data();
  for (std::size_t at = 0; at < axis.low.size(); ++at)
    out[at] = (1 - weight[at]) * coarse[low[at]] + weight[at] * coarse[high[at]];
}

EOSHARD_VECTOR_CLONES void normalise_u16(const std::uint16_t* stored, float scale, float offset, float* out,
                                         std::size_t count) {
  for (std::size_t at = 0; at < count; ++at) out[at] = static_cast<float>(stored[at]) * scale + offset;
}

EOSHARD_VECTOR_CLONES void normalise_u8(const std::uint8_t* stored, float scale, float offset, float* out,
                                        std::size_t count) {
  for (std::size_t at = 0; at < count; ++at) out[at] = static_cast<float>(stored[at]) * scale + offset;
}

EOSHARD_VECTOR_CLONES void blend_lines(const float* low, const float* high, float weight, float* out,
                                       std::size_t count) {
  for (std::size_t at = 0; at < count; ++at) out[at] = (1 - weight) * low[at] + weight * high[at];
}

}  // namespace

// Source coordinate of a fine pixel's centre: (fine + 0.5) · coarse / fine_count - 0.5, clamped at the first centre
// (ATen, UpSample.h, area_pixel_compute_source_index).
InterpolationAxis interpolation_axis(std::int64_t coarse, std::int64_t fine) {
  InterpolationAxis axis;
  axis.is_doubling = fine == 2 * coarse;
  const double scale = static_cast<double>(coarse) / static_cast<double>(fine);
  for (std::int64_t position = 0; position < fine; ++position) {
    const double source = std::max(0.0, (static_cast<double>(position) + 0.5) * scale - 0.5);
    const auto low = std::min(static_cast<std::int64_t>(source), coarse - 1);
    axis.low.push_back(static_cast<std::int32_t>(low));
    axis.high.push_back(static_cast<std::int32_t>(std::min(low + 1, coarse - 1)));
    axis.weight.push_back(static_cast<float>(source - static_cast<double>(low)));
  }
  return axis;
}

void normalise(const std::uint16_t* stored, float scale, float offset, std::span<float> out) {
  normalise_u16(stored, scale, offset, out.data(), out.size());
}

void normalise(const std::uint8_t* stored, float scale, float offset, std::span<float> out) {
  normalise_u8(stored, scale, offset, out.data(), out.size());
}

void widen(std::span<float> padded, const InterpolationAxis& axis, std::span<float> out) {
  if (!axis.is_doubling) return gather_line(padded.data() + 1, axis, out.data());
  padded.front() = padded[1];
  padded.back() = padded[padded.size() - 2];
  double_line(padded.data(), padded.size() - 2, out.data());
}

void blend(std::span<const float> low, std::span<const float> high, float weight, std::span<float> out) {
  blend_lines(low.data(), high.data(), weight, out.data(), out.size());
}

void place_pixels(std::span<const float> lines, std::int64_t columns, std::int64_t bands, const PixelPlace& place) {
  if (BlockPlacing::fits(lines, columns, bands, place)) return BlockPlacing(lines, columns, bands, place).run();
  const std::int64_t rows = static_cast<std::int64_t>(lines.size()) / (columns * bands);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      float* to = place.to + row * place.row_step + column * place.column_step;
      for (std::int64_t band = 0; band < bands; ++band)
        to[band] = lines[static_cast<std::size_t>((row * bands + band) * columns + column)];
    }
  }
}

void finish_placing() {
#ifdef __SSE2__
  _mm_sfence();
#endif
}

}  // namespace eoshard::train
