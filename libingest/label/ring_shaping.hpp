// Polygon rings cut down and refined before they are projected: pure geometry.
#pragma once

#include <span>
#include <vector>

namespace eoshard::ingest {

struct RingPoint {
  double x = 0;
  double y = 0;
  bool operator==(const RingPoint&) const = default;
};

struct Box {
  double min_x = 0, min_y = 0, max_x = 0, max_y = 0;

  bool meets(const Box& other) const {
    return min_x <= other.max_x && other.min_x <= max_x && min_y <= other.max_y && other.min_y <= max_y;
  }
};

/// The part of a closed ring inside `box` (Sutherland and Hodgman 1974). Where the ring leaves the box, the result runs
/// along the box's edges, so that inside the box a fill by parity gives the same as the whole ring's. Empty or closed.
std::vector<RingPoint> clip_ring(std::span<const RingPoint> ring, const Box& box);

/// The ring with points added evenly on each edge until none is longer than `max_length`.
std::vector<RingPoint> densify_ring(std::span<const RingPoint> ring, double max_length);

}  // namespace eoshard::ingest
