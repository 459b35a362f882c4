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

// Sixteen bytes: four columns of a line in float32, or eight in bfloat16.
template <class Value>
struct Vector;
template <>
struct Vector<float> {
  using Type = float __attribute__((vector_size(16)));
};
template <>
struct Vector<Bfloat16> {
  using Type = std::uint16_t __attribute__((vector_size(16)));
};

template <class Value>
constexpr std::int64_t kWidth = 16 / sizeof(Value);

template <class Value>
typename Vector<Value>::Type load(const Value* from) {
  typename Vector<Value>::Type values;
  std::memcpy(&values, from, sizeof(values));
  return values;
}

// kWidth columns of four bands, lines `stride` apart, as so many pixels, `step` apart.
void transpose(const float* from, std::int64_t stride, float* to, std::int64_t step) {
  const auto a = load(from), b = load(from + stride), c = load(from + 2 * stride), d = load(from + 3 * stride);
  const auto ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const auto cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const auto first = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
  const auto second = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
  const auto third = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
  const auto fourth = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
  std::memcpy(to, &first, sizeof(first));
  std::memcpy(to + step, &second, sizeof(second));
  std::memcpy(to + 2 * step, &third, sizeof(third));
  std::memcpy(to + 3 * step, &fourth, sizeof(fourth));
}

// Two pixels of eight bytes each.
void store_two(std::uint16_t __attribute__((vector_size(16))) pixels, Bfloat16* to, std::int64_t step) {
  const auto halves = reinterpret_cast<long long __attribute__((vector_size(16)))>(pixels);
  const long long first = halves[0], second = halves[1];
  std::memcpy(to, &first, sizeof(first));
  std::memcpy(to + step, &second, sizeof(second));
}

void transpose(const Bfloat16* from, std::int64_t stride, Bfloat16* to, std::int64_t step) {
  const auto a = load(from), b = load(from + stride), c = load(from + 2 * stride), d = load(from + 3 * stride);
  const auto ab_low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  const auto ab_high = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  const auto cd_low = __builtin_shufflevector(c, d, 0, 8, 1, 9, 2, 10, 3, 11);
  const auto cd_high = __builtin_shufflevector(c, d, 4, 12, 5, 13, 6, 14, 7, 15);
  store_two(__builtin_shufflevector(ab_low, cd_low, 0, 1, 8, 9, 2, 3, 10, 11), to, step);
  store_two(__builtin_shufflevector(ab_low, cd_low, 4, 5, 12, 13, 6, 7, 14, 15), to + 2 * step, step);
  store_two(__builtin_shufflevector(ab_high, cd_high, 0, 1, 8, 9, 2, 3, 10, 11), to + 4 * step, step);
  store_two(__builtin_shufflevector(ab_high, cd_high, 4, 5, 12, 13, 6, 7, 14, 15), to + 6 * step, step);
}

// A whole number of sixteen bytes past the caches: the network reads a batch long after it was made. `to` is aligned.
template <class Value>
void stream(const Value* from, std::int64_t values, Value* to) {
#ifdef __SSE2__
  for (std::int64_t at = 0; at < values; at += kWidth<Value>) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at));
    _mm_stream_si128(reinterpret_cast<__m128i*>(to + at), bits);
  }
#else
  std::copy_n(from, values, to);
#endif
}

// Pixels that follow each other in the output are put together in a small buffer, and go there as whole cache lines:
// of an image as it lies a row, of one that is turned the rows of a column.
template <class Value>
class BlockPlacing {
 public:
  BlockPlacing(std::span<const Value> lines, std::int64_t columns, std::int64_t bands, const PixelPlace<Value>& place)
      : lines_(lines.data()),
        rows_(static_cast<std::int64_t>(lines.size()) / (columns * bands)),
        columns_(columns),
        bands_(bands),
        place_(place),
        is_turned_(std::abs(place.row_step) < std::abs(place.column_step)),
        run_(is_turned_ ? rows_ : columns_),
        step_(is_turned_ ? place.row_step : place.column_step) {}

  bool fits() const {
    const std::int64_t outer_step = is_turned_ ? place_.column_step : place_.row_step;
    const bool is_aligned = reinterpret_cast<std::uintptr_t>(begin_of(place_.to)) % 16 == 0;
    return columns_ % kWidth<Value> == 0 && bands_ % 4 == 0 && std::abs(step_) == bands_ && is_aligned &&
           outer_step % kWidth<Value> == 0 && run_ * bands_ % kWidth<Value> == 0;
  }

  void run() const {
    thread_local std::vector<Value> buffer;
    buffer.resize(static_cast<std::size_t>(run_ * bands_ * (is_turned_ ? kWidth<Value> : 1)));
    is_turned_ ? place_columns(buffer.data()) : place_rows(buffer.data());
  }

 private:
  void place_rows(Value* buffer) const {
    Value* const first = first_in(buffer);
    for (std::int64_t row = 0; row < rows_; ++row) {
      for (std::int64_t column = 0; column < columns_; column += kWidth<Value>)
        gather(row, column, first + column * step_, step_);
      stream(buffer, run_ * bands_, begin_of(place_.to + row * place_.row_step));
    }
  }

  void place_columns(Value* buffer) const {
    Value* const first = first_in(buffer);
    const std::int64_t length = run_ * bands_;
    for (std::int64_t column = 0; column < columns_; column += kWidth<Value>) {
      for (std::int64_t row = 0; row < rows_; ++row) gather(row, column, first + row * step_, length);
      for (std::int64_t at = 0; at < kWidth<Value>; ++at)
        stream(buffer + at * length, length, begin_of(place_.to + (column + at) * place_.column_step));
    }
  }

  // kWidth pixels of a row, `step` apart.
  void gather(std::int64_t row, std::int64_t column, Value* to, std::int64_t step) const {
    for (std::int64_t band = 0; band < bands_; band += 4)
      transpose(lines_ + (row * bands_ + band) * columns_ + column, columns_, to + band, step);
  }

  // A run's first pixel is its last one in memory where the step is negative.
  Value* first_in(Value* begin) const { return step_ > 0 ? begin : begin - (run_ - 1) * step_; }
  Value* begin_of(Value* first) const { return step_ > 0 ? first : first + (run_ - 1) * step_; }

  const Value* lines_;
  std::int64_t rows_, columns_, bands_;
  PixelPlace<Value> place_;
  bool is_turned_;
  std::int64_t run_, step_;  // pixels that follow each other in memory, and from one to the next
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

// Loops that each of the cloned functions below contains: a template itself cannot be cloned.
#define EOSHARD_LOOP inline __attribute__((always_inline)) void

template <class Stored, class Value>
EOSHARD_LOOP normalise_loop(const Stored* stored, float scale, float offset, Value* out, std::size_t count) {
  for (std::size_t at = 0; at < count; ++at) store(static_cast<float>(stored[at]) * scale + offset, out[at]);
}

template <class Value>
EOSHARD_LOOP blend_two_loop(const float* const* lines, const float* weights, Value* out, std::size_t count) {
  const float *low = lines[0], *high = lines[1];
  const float low_weight = weights[0], high_weight = weights[1];
  for (std::size_t at = 0; at < count; ++at) store(low_weight * low[at] + high_weight * high[at], out[at]);
}

template <class Value>
EOSHARD_LOOP blend_four_loop(const float* const* lines, const float* weights, Value* out, std::size_t count) {
  const float *first = lines[0], *second = lines[1], *third = lines[2], *fourth = lines[3];
  const float a = weights[0], b = weights[1], c = weights[2], d = weights[3];
  for (std::size_t at = 0; at < count; ++at)
    store((a * first[at] + b * second[at]) + (c * third[at] + d * fourth[at]), out[at]);
}

#undef EOSHARD_LOOP

EOSHARD_VECTOR_CLONES void normalise_line(const std::uint16_t* stored, float scale, float offset, float* out,
                                          std::size_t count) {
  normalise_loop(stored, scale, offset, out, count);
}
EOSHARD_VECTOR_CLONES void normalise_line(const std::uint16_t* stored, float scale, float offset, Bfloat16* out,
                                          std::size_t count) {
  normalise_loop(stored, scale, offset, out, count);
}
EOSHARD_VECTOR_CLONES void normalise_line(const std::uint8_t* stored, float scale, float offset, float* out,
                                          std::size_t count) {
  normalise_loop(stored, scale, offset, out, count);
}
EOSHARD_VECTOR_CLONES void normalise_line(const std::uint8_t* stored, float scale, float offset, Bfloat16* out,
                                          std::size_t count) {
  normalise_loop(stored, scale, offset, out, count);
}

EOSHARD_VECTOR_CLONES void copy_line(const float* from, float* out, std::size_t count) {
  std::copy_n(from, count, out);
}
EOSHARD_VECTOR_CLONES void copy_line(const float* from, Bfloat16* out, std::size_t count) {
  for (std::size_t at = 0; at < count; ++at) store(from[at], out[at]);
}

EOSHARD_VECTOR_CLONES void blend_two(const float* const* lines, const float* weights, float* out, std::size_t count) {
  blend_two_loop(lines, weights, out, count);
}
EOSHARD_VECTOR_CLONES void blend_two(const float* const* lines, const float* weights, Bfloat16* out,
                                     std::size_t count) {
  blend_two_loop(lines, weights, out, count);
}
EOSHARD_VECTOR_CLONES void blend_four(const float* const* lines, const float* weights, float* out, std::size_t count) {
  blend_four_loop(lines, weights, out, count);
}
EOSHARD_VECTOR_CLONES void blend_four(const float* const* lines, const float* weights, Bfloat16* out,
                                      std::size_t count) {
  blend_four_loop(lines, weights, out, count);
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

template <class Stored, class Value>
void normalise(const Stored* stored, float scale, float offset, std::span<Value> out) {
  normalise_line(stored, scale, offset, out.data(), out.size());
}

template void normalise(const std::uint16_t*, float, float, std::span<float>);
template void normalise(const std::uint16_t*, float, float, std::span<Bfloat16>);
template void normalise(const std::uint8_t*, float, float, std::span<float>);
template void normalise(const std::uint8_t*, float, float, std::span<Bfloat16>);

void widen(std::span<float> padded, const InterpolationAxis& axis, std::span<float> out) {
  if (!axis.is_doubling) return gather_line(padded.data() + 1, axis, out);
  padded.front() = padded[1];
  padded.back() = padded[padded.size() - 2];
  double_line(padded.data(), padded.size() - 2, out.data());
}

template <class Value>
void blend(std::span<const float* const> lines, std::span<const float> weights, std::span<Value> out) {
  switch (lines.size()) {
    case 1: copy_line(lines[0], out.data(), out.size()); break;
    case 2: blend_two(lines.data(), weights.data(), out.data(), out.size()); break;
    default: blend_four(lines.data(), weights.data(), out.data(), out.size());
  }
}

template void blend(std::span<const float* const>, std::span<const float>, std::span<float>);
template void blend(std::span<const float* const>, std::span<const float>, std::span<Bfloat16>);

template <class Value>
void place_pixels(std::span<const Value> lines, std::int64_t columns, std::int64_t bands,
                  const PixelPlace<Value>& place) {
  const BlockPlacing<Value> blocks(lines, columns, bands, place);
  if (blocks.fits()) return blocks.run();
  const std::int64_t rows = static_cast<std::int64_t>(lines.size()) / (columns * bands);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      Value* to = place.to + row * place.row_step + column * place.column_step;
      for (std::int64_t band = 0; band < bands; ++band)
        to[band] = lines[static_cast<std::size_t>((row * bands + band) * columns + column)];
    }
  }
}

template void place_pixels(std::span<const float>, std::int64_t, std::int64_t, const PixelPlace<float>&);
template void place_pixels(std::span<const Bfloat16>, std::int64_t, std::int64_t, const PixelPlace<Bfloat16>&);

void finish_placing() {
#ifdef __SSE2__
  _mm_sfence();
#endif
}

}  // namespace eoshard::train
