#include "libtrain/data/sample_order.hpp"

#include <numeric>
#include <utility>

#include "libtrain/data/random_draws.hpp"

namespace eoshard::train {

std::vector<std::int64_t> sample_order(std::int64_t samples, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(samples));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::int64_t last = samples - 1; last > 0; --last) {
    const std::uint64_t other = draw_below(static_cast<std::uint64_t>(last) + 1, seed, epoch, last, Purpose::order);
    std::swap(order[static_cast<std::size_t>(last)], order[other]);
  }
  return order;
}

}  // namespace eoshard::train
