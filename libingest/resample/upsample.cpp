#include "libingest/resample/upsample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <tuple>

#include "libingest/core/error.hpp"
#include "libingest/core/vector_clones.hpp"

namespace eoshard::ingest {
namespace {

constexpr std::array<std::pair<UpsampleMethod, std::string_view>, 3> kMethods = {{
    {UpsampleMethod::nearest, "nearest"},
    {UpsampleMethod::bilinear, "bilinear"},
    {UpsampleMethod::bicubic, "bicubic"},
}};

// Of a pixel at distance `t` and its right neighbour.
std::vector<double> linear_weights(double t) { return {1 - t, t}; }

// Keys, "Cubic convolution interpolation for digital image processing", 1981, with torch's a: the weights of the pixels
// at distances 1 + t, t, 1 - t and 2 - t.
std::vector<double> cubic_weights(double t) {
  constexpr double kA = -0.75;
  const auto near = [](double x) { return ((kA + 2) * x - (kA + 3)) * x * x + 1; };
  const auto far = [](double x) { return ((kA * x - 5 * kA) * x + 8 * kA) * x - 4 * kA; };
  return {far(1 + t), near(t), near(1 - t), far(2 - t)};
}

bool has_zero(std::span<const std::uint16_t> pixels) {
  std::uint16_t minimum = 0xffff;
  for (const std::uint16_t pixel : pixels) minimum = std::min(minimum, pixel);
  return minimum == 0;
}

// Output pixels inside a source pixel without data.
void clear_no_data(const UpsampleWindow& window, int factor, std::span<std::uint16_t> out) {
  const int side = window.size * factor;
  for (int row = 0; row < side; ++row) {
    const auto* source =
        &window.pixels[static_cast<std::size_t>((window.top + row / factor) * window.width + window.left)];
    for (int column = 0; column < side; ++column) {
      if (source[column / factor] == 0) out[static_cast<std::size_t>(row * side + column)] = 0;
    }
  }
}

// Rounded to nearest, ties to even, by the addition: from 2^23 on float32 holds whole numbers only. 2^22 more keep the
// exponent for negative values. (std::lrint and a comparison of floats would not vectorise.)
std::uint16_t to_pixel(float value) {
  constexpr float kMagic = 12582912.0F;
  const int rounded = std::bit_cast<int>(value + kMagic) - std::bit_cast<int>(kMagic);
  return static_cast<std::uint16_t>(std::clamp(rounded, 1, 65535));
}

// One output phase of a source row: out[0], out[factor], ...
template <std::size_t kTaps>
void widen(const float* in, const float* weights, std::size_t size, std::size_t factor, float* out) {
  for (std::size_t pixel = 0; pixel < size; ++pixel) {
    float sum = weights[0] * in[pixel];
    for (std::size_t tap = 1; tap < kTaps; ++tap) sum += weights[tap] * in[pixel + tap];
    out[pixel * factor] = sum;
  }
}

// One output row from the rows under its stencil, `width` apart.
template <std::size_t kTaps>
inline void blend(const float* rows, const float* weights, std::size_t width, std::uint16_t* out) {
  for (std::size_t column = 0; column < width; ++column) {
    float sum = weights[0] * rows[column];
    for (std::size_t tap = 1; tap < kTaps; ++tap) sum += weights[tap] * rows[column + tap * width];
    out[column] = to_pixel(sum);
  }
}

EOSHARD_VECTOR_CLONES void blend_two(const float* rows, const float* weights, std::size_t width, std::uint16_t* out) {
  blend<2>(rows, weights, width, out);
}

EOSHARD_VECTOR_CLONES void blend_four(const float* rows, const float* weights, std::size_t width, std::uint16_t* out) {
  blend<4>(rows, weights, width, out);
}

}  // namespace

UpsampleMethod parse_upsample_method(std::string_view name) {
  for (const auto& [method, text] : kMethods) {
    if (text == name) return method;
  }
  throw Error(ErrorKind::usage, fmt::format("no upsampling method \"{}\"; take nearest, bilinear or bicubic", name));
}

std::string_view name_of(UpsampleMethod method) { return kMethods[static_cast<std::size_t>(method)].second; }

Upsampler::Upsampler(UpsampleMethod method, int factor) : factor_(factor) {
  if (factor < 1) throw Error(ErrorKind::internal, fmt::format("{} is no upsampling factor", factor));
  if (method == UpsampleMethod::nearest || factor == 1) return;
  reach_ = method == UpsampleMethod::bilinear ? 1 : 2;
  for (int phase = 0; phase < factor; ++phase) phases_.push_back(make_phase(phase));
  for (int row = -reach_; row <= reach_; ++row) {
    for (int column = -reach_; column <= reach_; ++column) neighbours_.push_back({column, row});
  }
  std::ranges::sort(neighbours_, {}, [](const Neighbour& at) {
    return std::tuple(at.row * at.row + at.column * at.column, at.row, at.column);
  });
}

Upsampler::Phase Upsampler::make_phase(int phase) const {
  const double centre = (phase + 0.5) / factor_ - 0.5;  // counted from the own source pixel's
  const double left = std::floor(centre);
  const auto weights = reach_ == 1 ? linear_weights(centre - left) : cubic_weights(centre - left);
  return {static_cast<int>(left) - (reach_ - 1), {weights.begin(), weights.end()}};
}

void Upsampler::run(const UpsampleWindow& window, std::span<std::uint16_t> out, UpsampleBuffers& buffers) const {
  if (reach_ == 0) return replicate(window, out);
  if (!has_zero(window.pixels)) return interpolate(window, out, buffers);
  fill_no_data(window, buffers.filled);
  UpsampleWindow filled = window;
  filled.pixels = buffers.filled;
  interpolate(filled, out, buffers);
  clear_no_data(window, factor_, out);
}

void Upsampler::replicate(const UpsampleWindow& window, std::span<std::uint16_t> out) const {
  const int side = window.size * factor_;
  std::uint16_t* end = out.data();
  for (int row = 0; row < side; ++row) {
    if (row % factor_ != 0) {
      end = std::copy_n(end - side, side, end);
      continue;
    }
    const auto* from =
        &window.pixels[static_cast<std::size_t>((window.top + row / factor_) * window.width + window.left)];
    if (factor_ == 1) {
      end = std::copy_n(from, side, end);
    } else {
      for (int column = 0; column < window.size; ++column) end = std::fill_n(end, factor_, from[column]);
    }
  }
}

void Upsampler::fill_no_data(const UpsampleWindow& window, std::vector<std::uint16_t>& filled) const {
  filled.assign(window.pixels.begin(), window.pixels.end());
  for (int row = 0; row < window.height; ++row) {
    for (int column = 0; column < window.width; ++column) {
      std::uint16_t& pixel = filled[static_cast<std::size_t>(row * window.width + column)];
      if (pixel == 0) pixel = substitute(window, column, row);
    }
  }
}

// There is one within reach wherever an output pixel with a value uses the replaced pixel: that output's own source
// pixel. Elsewhere the 0 stays, and no output shows it.
std::uint16_t Upsampler::substitute(const UpsampleWindow& window, int column, int row) const {
  for (const Neighbour& neighbour : neighbours_) {
    const int x = column + neighbour.column;
    const int y = row + neighbour.row;
    if (x < 0 || y < 0 || x >= window.width || y >= window.height) continue;
    const std::uint16_t pixel = window.pixels[static_cast<std::size_t>(y * window.width + x)];
    if (pixel != 0) return pixel;
  }
  return 0;
}

// Rows first, at the output's width, then between them: the second pass, which writes every output pixel, reads and
// writes memory in order.
void Upsampler::interpolate(const UpsampleWindow& window, std::span<std::uint16_t> out,
                            UpsampleBuffers& buffers) const {
  const auto width = static_cast<std::size_t>(window.size * factor_);
  buffers.rows.resize(static_cast<std::size_t>(window.size + 2 * reach_) * width);
  for (int row = -reach_; row < window.size + reach_; ++row) {
    const auto at = static_cast<std::size_t>(row + reach_) * width;
    widen_row(window, row, std::span(buffers.rows).subspan(at, width), buffers.line);
  }
  for (int row = 0; row < window.size * factor_; ++row) {
    const Phase& phase = phases_[static_cast<std::size_t>(row % factor_)];
    const float* rows = &buffers.rows[static_cast<std::size_t>(row / factor_ + phase.first + reach_) * width];
    std::uint16_t* to = &out[static_cast<std::size_t>(row) * width];
    reach_ == 1 ? blend_two(rows, phase.weights.data(), width, to) : blend_four(rows, phase.weights.data(), width, to);
  }
}

// `row` counts from the square's first; the window's edge pixels stand for what lies beyond.
void Upsampler::widen_row(const UpsampleWindow& window, int row, std::span<float> out, std::vector<float>& line) const {
  const int y = std::clamp(window.top + row, 0, window.height - 1);
  const std::uint16_t* source = &window.pixels[static_cast<std::size_t>(y * window.width)];
  line.resize(static_cast<std::size_t>(window.size + 2 * reach_));
  for (int column = -reach_; column < window.size + reach_; ++column) {
    const int x = std::clamp(window.left + column, 0, window.width - 1);
    line[static_cast<std::size_t>(column + reach_)] = source[x];
  }
  const auto size = static_cast<std::size_t>(window.size);
  const auto factor = static_cast<std::size_t>(factor_);
  for (std::size_t index = 0; index < factor; ++index) {
    const Phase& phase = phases_[index];
    const float* in = &line[static_cast<std::size_t>(phase.first + reach_)];
    reach_ == 1 ? widen<2>(in, phase.weights.data(), size, factor, &out[index])
                : widen<4>(in, phase.weights.data(), size, factor, &out[index]);
  }
}

}  // namespace eoshard::ingest
