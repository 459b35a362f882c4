#include "tools/eoshard-synth/value_noise.hpp"

#include <cmath>

namespace eoshard::synth {
namespace {

// 0 to 1 with flat ends, so that the field has no creases at its knots.
double smooth_step(double t) { return t * t * (3 - 2 * t); }

double blend(double from, double to, double weight) { return from + (to - from) * weight; }

// `knot(column, row)` gives the value at an integer place.
template <class Knot>
double interpolate(double x, double y, const Knot& knot) {
  const double column = std::floor(x), row = std::floor(y);
  const auto c = static_cast<std::int64_t>(column), r = static_cast<std::int64_t>(row);
  const double across = smooth_step(x - column), down = smooth_step(y - row);
  return blend(blend(knot(c, r), knot(c + 1, r), across), blend(knot(c, r + 1), knot(c + 1, r + 1), across), down);
}

}  // namespace

double line_noise(const DrawKey& key, std::int64_t line, double position) {
  const double start = std::floor(position);
  const auto knot = static_cast<std::int64_t>(start);
  return blend(draw_signed(key, line, knot), draw_signed(key, line, knot + 1), smooth_step(position - start));
}

double plane_noise(const DrawKey& key, double x, double y) {
  return interpolate(x, y, [&](std::int64_t column, std::int64_t row) { return draw_signed(key, column, row); });
}

NoiseWindow::NoiseWindow(const DrawKey& key, double columns, double rows)
    : stride_(static_cast<int>(std::floor(columns)) + 2) {
  const int knot_rows = static_cast<int>(std::floor(rows)) + 2;
  knots_.reserve(static_cast<std::size_t>(stride_) * knot_rows);
  for (int row = 0; row < knot_rows; ++row) {
    for (int column = 0; column < stride_; ++column) {
      knots_.push_back(static_cast<float>(draw_signed(key, column, row)));
    }
  }
}

double NoiseWindow::at(double x, double y) const {
  return interpolate(x, y,
                     [&](std::int64_t column, std::int64_t row) { return double{knots_[row * stride_ + column]}; });
}

}  // namespace eoshard::synth
