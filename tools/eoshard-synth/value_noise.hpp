// Smooth random fields: uniform values in [-1, 1) at integer places, blended between them.
#pragma once

#include <vector>

#include "tools/eoshard-synth/draw.hpp"

namespace eoshard::synth {

/// Value at `position` of a field on a line; `line` tells parallel lines apart.
double line_noise(const DrawKey& key, std::int64_t line, double position);

/// Value at (x, y) of a field in the plane.
double plane_noise(const DrawKey& key, double x, double y);

/// plane_noise with its knots stored, for sampling a window [0, columns] x [0, rows] densely.
class NoiseWindow {
 public:
  NoiseWindow(const DrawKey& key, double columns, double rows);
  double at(double x, double y) const;

 private:
  int stride_;
  std::vector<float> knots_;
};

}  // namespace eoshard::synth
