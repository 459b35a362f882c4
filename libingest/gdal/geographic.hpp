// Projected coordinates as longitude and latitude.
#pragma once

#include <memory>
#include <utility>

namespace eoshard::ingest {

/// From one projected system to WGS 84; one a thread.
class GeographicTransform {
 public:
  /// @throws Error{input} when `epsg` is no system that can be transformed.
  explicit GeographicTransform(int epsg);
  ~GeographicTransform();
  GeographicTransform(GeographicTransform&&) noexcept;

  /// (longitude, latitude) in degrees. @throws Error{input} for a point outside the projection.
  std::pair<double, double> operator()(double x, double y) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace eoshard::ingest
