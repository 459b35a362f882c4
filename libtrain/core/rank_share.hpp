// Dealing numbered things to ranks in consecutive shares.
#pragma once

#include <cstdint>

namespace eoshard::train {

/// Half-open range of numbers.
struct Range {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t size() const { return last - first; }
  bool operator==(const Range&) const = default;
};

/// Share of `count` things for `rank` of `ranks`: shares follow each other in rank order, differ by at most one, and
/// are aligned dyadic blocks when count and ranks are powers of two.
constexpr Range rank_share(std::int64_t count, int rank, int ranks) {
  return {count * rank / ranks, count * (rank + 1) / ranks};
}

}  // namespace eoshard::train
