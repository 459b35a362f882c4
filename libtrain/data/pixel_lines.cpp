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

// Sixteen bytes at once, which is as quick as eight.
void stream(const Quad<Bfloat16>& first, const Quad<Bfloat16>& second, Bfloat16* to) {
#ifdef __SSE2__
  _mm_stream_si128(reinterpret_cast<__m128i*>(to), _mm_set_epi64x(second.bits, first.bits));
#else
  std::memcpy(to, &first, sizeof(first));
  std::memcpy(to + 4, &second, sizeof(second));
#endif
}

// Four columns of four bands, lines `stride` apart, as four pixels.
void transpose_block(const float* from, std::int64_t stride, Quad<float>* pixels) {
  const Four a = load(from), b = load(from + stride), c = load(from + 2 * stride), d = load(from + 3 * stride);
  const Four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  pixels[0].values = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
  pixels[1].values = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
  pixels[2].values = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
  pixels[3].values = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

void transpose_block(const Bfloat16* from, std::int64_t stride, Quad<Bfloat16>* pixels) {
#ifdef __SSE2__
  const auto line = [&](int band) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from + band * stride)); };
  const __m128i ab = _mm_unpacklo_epi16(line(0), line(1)), cd = _mm_unpacklo_epi16(line(2), line(3));
  const __m128i two[] = {_mm_unpacklo_epi32(ab, cd), _mm_unpackhi_epi32(ab, cd)};
  std::memcpy(pixels, two, sizeof(two));
#else
  for (int column = 0; column < 4; ++column) {
    Bfloat16 pixel[4];
    for (int band = 0; band < 4; ++band) pixel[band] = from[band * stride + column];
    std::memcpy(pixels + column, pixel, sizeof(pixel));
  }
#endif
}

EOSHARD_VECTOR_CLONES void round_values(const float* from, Bfloat16* to, std::size_t count) {
  for (std::size_t at = 0; at < count; ++at) to[at] = round_to_bfloat16(from[at]);
}

// The lines in the output's type. Rounding whole lines first takes wide vectors, and halves what is transposed.
const float* lines_in(std::span<const float> lines, const float*) { return lines.data(); }

const Bfloat16* lines_in(std::span<const float> lines, const Bfloat16*) {
  thread_local std::vector<Bfloat16> rounded;
  rounded.resize(lines.size());
  round_values(lines.data(), rounded.data(), lines.size());
  return rounded.data();
}

constexpr std::int64_t kMaxGroups = 8;  // of four bands
constexpr std::int64_t kMaxRun = 8;
constexpr std::int64_t kGroupStep = kPlacedRows * 4;  // from a pixel's quad to its next one

// Pixels that follow each other in memory, four or eight, of several quads each.
template <class Value>
struct PixelRun {
  std::array<const Quad<Value>*, kMaxRun> pixels;
  std::int64_t count;
};

// `step` from one pixel to the next may be negative.
void stream_run(const PixelRun<float>& run, std::int64_t groups, std::int64_t step, float* to) {
  for (std::int64_t at = 0; at < run.count; ++at) {
    for (std::int64_t group = 0; group < groups; ++group)
      stream(run.pixels[at][group * kGroupStep], to + at * step + 4 * group);
  }
}

void stream_run(const PixelRun<Bfloat16>& run, std::int64_t groups, std::int64_t step, Bfloat16* to) {
  const std::int64_t last = run.count - 1;
  std::int64_t at = 0, group = 0;
  const auto next = [&]() -> const Quad<Bfloat16>& {
    const Quad<Bfloat16>& quad = run.pixels[step > 0 ? at : last - at][group * kGroupStep];
    if (++group == groups) group = 0, ++at;
    return quad;
  };
  Bfloat16* pair = step > 0 ? to : to + last * step;
  for (; at < run.count; pair += 8) {
    const Quad<Bfloat16>& first = next();
    stream(first, next(), pair);
  }
}

// Bands, columns and rows that are multiples of four: stores follow each other in memory, whole cache lines at a time.
template <class Value>
class BlockPlacing {
 public:
  BlockPlacing(std::span<const float> lines, std::int64_t columns, std::int64_t bands, const PixelPlace<Value>& place)
      : lines_(lines_in(lines, place.to)), columns_(columns), bands_(bands), place_(place) {}

  static bool fits(std::span<const float> lines, std::int64_t columns, std::int64_t bands,
                   const PixelPlace<Value>& place) {
    const bool is_whole = static_cast<std::int64_t>(lines.size()) == kPlacedRows * columns * bands;
    const bool is_divided = columns % 4 == 0 && bands % 4 == 0 && bands / 4 <= kMaxGroups;
    return is_whole && is_divided && is_aligned(place);
  }

  void run() const {
    const bool is_turned = is_column_outer(place_);
    const std::int64_t inner_step = is_turned ? place_.row_step : place_.column_step;
    const std::int64_t outer_step = is_turned ? place_.column_step : place_.row_step;
    const std::int64_t width = !is_turned && columns_ % kWidth == 0 ? kWidth : 4;
    Quad<Value> quads[kWidth / 4 * kBlock];
    for (std::int64_t column = 0; column < columns_; column += width) {
      for (std::int64_t block = 0; block < width / 4; ++block) {
        for (std::int64_t group = 0; group < bands_ / 4; ++group)
          gather(column + 4 * block, group, quads + block * kBlock + group * kGroupStep);
      }
      Value* to = place_.to + column * place_.column_step;
      for (std::int64_t outer = 0; outer < 4; ++outer) {
        PixelRun<Value> run{{}, width};
        for (std::int64_t inner = 0; inner < width; ++inner) {
          const std::int64_t row = is_turned ? inner : outer, across = is_turned ? outer : inner;
          run.pixels[inner] = quads + across / 4 * kBlock + row * 4 + across % 4;
        }
        stream_run(run, bands_ / 4, inner_step, to + outer * outer_step);
      }
    }
  }

 private:
  // Columns at a time: their pixels are whole cache lines for the usual twelve bands.
  static constexpr std::int64_t kWidth = sizeof(Value) == 2 ? 8 : 4;
  static constexpr std::int64_t kBlock = kMaxGroups * kGroupStep;  // quads of four columns: groups × rows × columns

  static bool is_column_outer(const PixelPlace<Value>& place) {
    return std::abs(place.row_step) < std::abs(place.column_step);
  }

  // Every run of four pixels begins at a multiple of sixteen bytes.
  static bool is_aligned(const PixelPlace<Value>& place) {
    const bool is_turned = is_column_outer(place);
    const std::int64_t inner = is_turned ? place.row_step : place.column_step;
    const std::int64_t outer = is_turned ? place.column_step : place.row_step;
    const auto first = reinterpret_cast<std::uintptr_t>(place.to + (inner > 0 ? 0 : 3 * inner));
    return first % 16 == 0 && outer * static_cast<std::int64_t>(sizeof(Value)) % 16 == 0;
  }

  void gather(std::int64_t column, std::int64_t group, Quad<Value>* quads) const {
    for (std::int64_t row = 0; row < kPlacedRows; ++row)
      transpose_block(lines_ + (row * bands_ + 4 * group) * columns_ + column, columns_, quads + row * 4);
  }

  const Value* lines_;
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
