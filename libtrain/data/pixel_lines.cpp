#include "libtrain/data/pixel_lines.hpp"

#include <algorithm>
#include <array>
#include <cmath>
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

// Four values of the output's type.
template <class Value>
struct Quad;
template <>
struct Quad<float> {
  Four values;
};
template <>
struct Quad<Bfloat16> {
  long long bits;
};

// Past the caches: the network reads a batch long after it was made. `to` is aligned for it.
void stream(const Quad<float>& quad, float* to) {
#ifdef __SSE2__
  _mm_stream_ps(to, quad.values);
#else
  std::memcpy(to, &quad, sizeof(quad));
#endif
}

void stream(const Quad<Bfloat16>& quad, Bfloat16* to) {
#ifdef __x86_64__
  _mm_stream_si64(reinterpret_cast<long long*>(to), quad.bits);
#else
  std::memcpy(to, &quad, sizeof(quad));
#endif
}

void keep_pair(Four first, Four second, Quad<float>* to) {
  to[0].values = first;
  to[1].values = second;
}

#ifdef __SSE2__
// As round_to_bfloat16; a shift that keeps the sign lets the halves be packed without saturation.
__m128i rounded_halves(Four values) {
  const auto bits = reinterpret_cast<__m128i>(values);
  const __m128i odd = _mm_and_si128(_mm_srli_epi32(bits, 16), _mm_set1_epi32(1));
  return _mm_srai_epi32(_mm_add_epi32(_mm_add_epi32(bits, _mm_set1_epi32(0x7FFF)), odd), 16);
}
#endif

void keep_pair(Four first, Four second, Quad<Bfloat16>* to) {
#ifdef __SSE2__
  const __m128i halves = _mm_packs_epi32(rounded_halves(first), rounded_halves(second));
  std::memcpy(to, &halves, sizeof(halves));
#else
  Bfloat16 halves[8];
  for (int at = 0; at < 8; ++at) halves[at] = round_to_bfloat16(at < 4 ? first[at] : second[at - 4]);
  std::memcpy(to, halves, sizeof(halves));
#endif
}

// Four columns of four bands, lines `stride` apart, as four pixels.
template <class Value>
void transpose_block(const float* from, std::int64_t stride, Quad<Value>* pixels) {
  const Four a = load(from), b = load(from + stride), c = load(from + 2 * stride), d = load(from + 3 * stride);
  const Four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  keep_pair(__builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5), __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7),
            pixels);
  keep_pair(__builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5),
            __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7), pixels + 2);
}

// Four columns of four bands of all rows.
template <class Value>
struct PixelBlock {
  Quad<Value> pixels[kPlacedRows][4];
};

// Bands, columns and rows that are multiples of four: stores follow each other in memory, whole cache lines at a time.
template <class Value>
class BlockPlacing {
 public:
  BlockPlacing(std::span<const float> lines, std::int64_t columns, std::int64_t bands, const PixelPlace<Value>& place)
      : lines_(lines.data()), columns_(columns), bands_(bands), place_(place) {}

  static bool fits(std::span<const float> lines, std::int64_t columns, std::int64_t bands,
                   const PixelPlace<Value>& place) {
    const bool is_aligned = reinterpret_cast<std::uintptr_t>(place.to) % sizeof(Quad<Value>) == 0;
    const bool is_whole = static_cast<std::int64_t>(lines.size()) == kPlacedRows * columns * bands;
    return is_aligned && is_whole && columns % 4 == 0 && bands % 4 == 0 && bands / 4 <= kMaxGroups;
  }

  void run() const {
    const bool is_turned = std::abs(place_.row_step) < std::abs(place_.column_step);
    PixelBlock<Value> blocks[kMaxGroups];
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

  void gather(std::int64_t column, std::int64_t group, PixelBlock<Value>& block) const {
    for (std::int64_t row = 0; row < kPlacedRows; ++row)
      transpose_block(lines_ + (row * bands_ + 4 * group) * columns_ + column, columns_, block.pixels[row]);
  }

  void put(const PixelBlock<Value>* blocks, std::int64_t row, std::int64_t first_column, std::int64_t column) const {
    Value* to = place_.to + row * place_.row_step + (first_column + column) * place_.column_step;
    for (std::int64_t group = 0; group < bands_ / 4; ++group) stream(blocks[group].pixels[row][column], to + 4 * group);
  }

  const float* lines_;
  std::int64_t columns_, bands_;
  PixelPlace<Value> place_;
};

// Pixel centres of the fine line lie a quarter of a coarse pixel before and behind each coarse centre.
EOSHARD_VECTOR_CLONES void double_line(const float* padded, std::size_t coarse, float* out) {
  for (std::size_t at = 0; at < coarse; ++at) {
    out[2 * at] = 0.25F * padded[at] + 0.75F * padded[at + 1];
    out[2 * at + 1] = 0.75F * padded[at + 1] + 0.25F * padded[at + 2];
  }
}

EOSHARD_VECTOR_CLONES void gather_two(const float* coarse, const std::int32_t* low, const std::int32_t* high,
                                      const float* low_weight, const float* high_weight, float* out,
                                      std::size_t count) {
  for (std::size_t at = 0; at < count; ++at)
    out[at] = low_weight[at] * coarse[low[at]] + high_weight[at] * coarse[high[at]];
}

EOSHARD_VECTOR_CLONES void gather_tap(const float* coarse, const std::int32_t* places, const float* weights, float* out,
                                      std::size_t count) {
  for (std::size_t at = 0; at < count; ++at) out[at] += weights[at] * coarse[places[at]];
}

void gather_line(const float* coarse, const InterpolationAxis& axis, std::span<float> out) {
  const auto& places = axis.places;
  if (axis.taps() == 2) {
    return gather_two(coarse, places[0].data(), places[1].data(), axis.weights[0].data(), axis.weights[1].data(),
                      out.data(), out.size());
  }
  std::ranges::fill(out, 0.0F);
  for (std::size_t tap = 0; tap < axis.taps(); ++tap)
    gather_tap(coarse, places[tap].data(), axis.weights[tap].data(), out.data(), out.size());
}

EOSHARD_VECTOR_CLONES void normalise_u16(const std::uint16_t* stored, float scale, float offset, float* out,
                                         std::size_t count) {
  for (std::size_t at = 0; at < count; ++at) out[at] = static_cast<float>(stored[at]) * scale + offset;
}

EOSHARD_VECTOR_CLONES void normalise_u8(const std::uint8_t* stored, float scale, float offset, float* out,
                                        std::size_t count) {
  for (std::size_t at = 0; at < count; ++at) out[at] = static_cast<float>(stored[at]) * scale + offset;
}

EOSHARD_VECTOR_CLONES void blend_two(const float* low, const float* high, float low_weight, float high_weight,
                                     float* out, std::size_t count) {
  for (std::size_t at = 0; at < count; ++at) out[at] = low_weight * low[at] + high_weight * high[at];
}

EOSHARD_VECTOR_CLONES void blend_four(const float* const* lines, const float* weights, float* out, std::size_t count) {
  const float *first = lines[0], *second = lines[1], *third = lines[2], *fourth = lines[3];
  const float a = weights[0], b = weights[1], c = weights[2], d = weights[3];
  for (std::size_t at = 0; at < count; ++at)
    out[at] = (a * first[at] + b * second[at]) + (c * third[at] + d * fourth[at]);
}

// Weights of the coarse pixels floor(source) - 1 … floor(source) + 2 at a fraction behind the second of them (Keys,
// "Cubic convolution interpolation for digital image processing", 1981; torch takes a = -0.75).
std::array<double, 4> cubic_weights(double fraction) {
  constexpr double a = -0.75;
  const auto near = [&](double x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
  const auto far = [&](double x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
  return {far(fraction + 1), near(fraction), near(1 - fraction), far(2 - fraction)};
}

struct Tap {
  std::int64_t place;
  double weight;
};

// Source coordinate of a fine pixel's centre: (fine + 0.5) · coarse / fine_count - 0.5, for bilinear clamped at the
// first centre (ATen, UpSample.h, area_pixel_compute_source_index).
std::vector<Tap> taps_of(ingest::UpsampleMethod method, std::int64_t position, std::int64_t coarse, std::int64_t fine) {
  if (method == ingest::UpsampleMethod::nearest) return {{position * coarse / fine, 1}};
  const double scale = static_cast<double>(coarse) / static_cast<double>(fine);
  const double centre = (static_cast<double>(position) + 0.5) * scale - 0.5;
  if (method == ingest::UpsampleMethod::bilinear) {
    const double source = std::max(0.0, centre);
    const auto low = static_cast<std::int64_t>(source);
    const auto weight = static_cast<float>(source - static_cast<double>(low));
    return {{low, 1 - weight}, {low + 1, weight}};
  }
  const auto base = static_cast<std::int64_t>(std::floor(centre));
  const std::array<double, 4> weights = cubic_weights(centre - static_cast<double>(base));
  return {{base - 1, weights[0]}, {base, weights[1]}, {base + 1, weights[2]}, {base + 2, weights[3]}};
}

}  // namespace

InterpolationAxis interpolation_axis(ingest::UpsampleMethod method, std::int64_t coarse, std::int64_t fine) {
  InterpolationAxis axis;
  axis.is_doubling = method == ingest::UpsampleMethod::bilinear && fine == 2 * coarse;
  for (std::int64_t position = 0; position < fine; ++position) {
    const std::vector<Tap> taps = taps_of(method, position, coarse, fine);
    axis.places.resize(taps.size());
    axis.weights.resize(taps.size());
    for (std::size_t tap = 0; tap < taps.size(); ++tap) {
      const std::int64_t place = std::clamp<std::int64_t>(taps[tap].place, 0, coarse - 1);
      axis.places[tap].push_back(static_cast<std::int32_t>(place));
      axis.weights[tap].push_back(static_cast<float>(taps[tap].weight));
    }
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
  if (!axis.is_doubling) return gather_line(padded.data() + 1, axis, out);
  padded.front() = padded[1];
  padded.back() = padded[padded.size() - 2];
  double_line(padded.data(), padded.size() - 2, out.data());
}

void blend(std::span<const float* const> lines, std::span<const float> weights, std::span<float> out) {
  switch (lines.size()) {
    case 1: std::copy_n(lines[0], out.size(), out.begin()); break;
    case 2: blend_two(lines[0], lines[1], weights[0], weights[1], out.data(), out.size()); break;
    default: blend_four(lines.data(), weights.data(), out.data(), out.size());
  }
}

template <class Value>
void place_pixels(std::span<const float> lines, std::int64_t columns, std::int64_t bands,
                  const PixelPlace<Value>& place) {
  using Blocks = BlockPlacing<Value>;
  if (Blocks::fits(lines, columns, bands, place)) return Blocks(lines, columns, bands, place).run();
  const std::int64_t rows = static_cast<std::int64_t>(lines.size()) / (columns * bands);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      Value* to = place.to + row * place.row_step + column * place.column_step;
      for (std::int64_t band = 0; band < bands; ++band)
        store(lines[static_cast<std::size_t>((row * bands + band) * columns + column)], to[band]);
    }
  }
}

template void place_pixels(std::span<const float>, std::int64_t, std::int64_t, const PixelPlace<float>&);
template void place_pixels(std::span<const float>, std::int64_t, std::int64_t, const PixelPlace<Bfloat16>&);

void finish_placing() {
#ifdef __SSE2__
  _mm_sfence();
#endif
}

}  // namespace eoshard::train
