#include "libingest/label/ring_shaping.hpp"

#include <cmath>

namespace eoshard::ingest {
namespace {

// One side of a box: how far inside a point is, and nothing else.
struct Side {
  double RingPoint::*axis;
  double limit;
  double sign;  // 1: inside is above the limit, -1: below

  double depth(const RingPoint& point) const { return sign * (point.*axis - limit); }
};

RingPoint between(const RingPoint& from, const RingPoint& to, double share) {
  return {from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)};
}

RingPoint crossing(const RingPoint& from, const RingPoint& to, const Side& side) {
  const double from_depth = side.depth(from);
  RingPoint point = between(from, to, from_depth / (from_depth - side.depth(to)));
  point.*side.axis = side.limit;
  return point;
}

std::vector<RingPoint> clip_at(std::span<const RingPoint> ring, const Side& side) {
  std::vector<RingPoint> kept;
  for (std::size_t at = 0; at + 1 < ring.size(); ++at) {
    const bool begins_inside = side.depth(ring[at]) >= 0, ends_inside = side.depth(ring[at + 1]) >= 0;
    if (begins_inside) kept.push_back(ring[at]);
    if (begins_inside != ends_inside) kept.push_back(crossing(ring[at], ring[at + 1], side));
  }
  if (!kept.empty()) kept.push_back(kept.front());
  return kept;
}

}  // namespace

std::vector<RingPoint> clip_ring(std::span<const RingPoint> ring, const Box& box) {
  std::vector<RingPoint> clipped(ring.begin(), ring.end());
  for (const Side& side : {Side{&RingPoint::x, box.min_x, 1}, Side{&RingPoint::x, box.max_x, -1},
                           Side{&RingPoint::y, box.min_y, 1}, Side{&RingPoint::y, box.max_y, -1}}) {
    clipped = clip_at(clipped, side);
  }
  return clipped;
}

std::vector<RingPoint> densify_ring(std::span<const RingPoint> ring, double max_length) {
  std::vector<RingPoint> dense;
  for (std::size_t at = 0; at + 1 < ring.size(); ++at) {
    const RingPoint &from = ring[at], &to = ring[at + 1];
    const double parts = std::max(1.0, std::ceil(std::hypot(to.x - from.x, to.y - from.y) / max_length));
    for (double part = 0; part < parts; ++part) dense.push_back(between(from, to, part / parts));
  }
  if (!ring.empty()) dense.push_back(ring.back());
  return dense;
}

}  // namespace eoshard::ingest
