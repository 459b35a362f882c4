#include "libingest/label/ring_shaping.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

namespace eoshard::ingest {
namespace {

using testing::IsEmpty;

using Ring = std::vector<RingPoint>;

// Even-odd rule by a ray to the right.
bool is_inside(const Ring& ring, const RingPoint& point) {
  bool inside = false;
  for (std::size_t at = 0; at + 1 < ring.size(); ++at) {
    const RingPoint &from = ring[at], &to = ring[at + 1];
    if ((from.y > point.y) == (to.y > point.y)) continue;
    if (point.x < from.x + (point.y - from.y) / (to.y - from.y) * (to.x - from.x)) inside = !inside;
  }
  return inside;
}

TEST(ClipRing, FillsTheBoxAsTheWholeRingDoes) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> anywhere(0, 100);
  const Box box{30, 40, 70, 60};
  for (int trial = 0; trial < 50; ++trial) {
    Ring ring;  // crosses itself and the box many times
    for (int at = 0; at < 12; ++at) ring.push_back({anywhere(random), anywhere(random)});
    ring.push_back(ring.front());
    const Ring clipped = clip_ring(ring, box);
    for (int probe = 0; probe < 200; ++probe) {
      const RingPoint point{30 + 0.4 * anywhere(random), 40 + 0.2 * anywhere(random)};
      EXPECT_EQ(is_inside(clipped, point), is_inside(ring, point)) << point.x << " " << point.y;
    }
    for (const RingPoint& point : clipped) {
      EXPECT_TRUE(point.x >= 30 && point.x <= 70 && point.y >= 40 && point.y <= 60);
    }
  }
}

TEST(ClipRing, KeepsWhatIsInsideAndDropsWhatIsOutside) {
  const Ring square = {{1, 1}, {2, 1}, {2, 2}, {1, 2}, {1, 1}};
  EXPECT_EQ(clip_ring(square, {0, 0, 3, 3}), square);
  EXPECT_THAT(clip_ring(square, {5, 5, 6, 6}), IsEmpty());
  EXPECT_THAT(clip_ring({}, {0, 0, 1, 1}), IsEmpty());
}

TEST(DensifyRing, LeavesNoLongEdgeAndMovesNothing) {
  const Ring ring = {{0, 0}, {10, 0}, {10, 0.5}, {0, 0}};
  const Ring dense = densify_ring(ring, 1.5);
  EXPECT_EQ(dense.front(), ring.front());
  EXPECT_EQ(dense.back(), ring.back());
  for (std::size_t at = 0; at + 1 < dense.size(); ++at) {
    EXPECT_LE(std::hypot(dense[at + 1].x - dense[at].x, dense[at + 1].y - dense[at].y), 1.5 + 1e-12);
  }
  EXPECT_NE(std::find(dense.begin(), dense.end(), RingPoint{10, 0.5}), dense.end());
  EXPECT_EQ(dense.size(), 7u + 1u + 7u + 1u);
}

}  // namespace
}  // namespace eoshard::ingest
