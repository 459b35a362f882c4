#include "libtrain/data/sample_order.hpp"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "libtrain/data/random_draws.hpp"

namespace eoshard::train {
namespace {

// `first` is the place of values[0] in the epoch: each place has a draw of its own.
void shuffle(std::span<std::int64_t> values, std::int64_t first, std::uint64_t seed, std::int64_t epoch,
             Purpose purpose) {
  for (std::size_t last = values.size(); last-- > 1;) {
    const std::int64_t place = first + static_cast<std::int64_t>(last);
    std::swap(values[last], values[draw_below(last + 1, seed, epoch, place, purpose)]);
  }
}

std::vector<std::int64_t> counted(std::int64_t count) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  return numbers;
}

// All samples, block after block in a shuffled order; the last block in storage may be short.
std::vector<std::int64_t> in_shuffled_blocks(std::int64_t samples, std::int64_t block_samples, std::uint64_t seed,
                                             std::int64_t epoch) {
  std::vector<std::int64_t> blocks = counted((samples + block_samples - 1) / block_samples);
  shuffle(blocks, 0, seed, epoch, Purpose::block_order);
  std::vector<std::int64_t> order;
  for (const std::int64_t block : blocks) {
    const std::int64_t end = std::min(samples, (block + 1) * block_samples);
    for (std::int64_t sample = block * block_samples; sample < end; ++sample) order.push_back(sample);
  }
  return order;
}

}  // namespace

std::vector<std::int64_t> sample_order(std::int64_t samples, const ShuffleRule& rule, std::uint64_t seed,
                                       std::int64_t epoch) {
  const std::int64_t window = rule.block_samples * rule.window_blocks;
  const bool is_one_window = window == 0 || window >= samples;
  std::vector<std::int64_t> order =
      is_one_window ? counted(samples) : in_shuffled_blocks(samples, rule.block_samples, seed, epoch);
  const std::int64_t step = is_one_window ? std::max<std::int64_t>(1, samples) : window;
  for (std::int64_t first = 0; first < samples; first += step) {
    const auto length = static_cast<std::size_t>(std::min(step, samples - first));
    shuffle(std::span(order).subspan(static_cast<std::size_t>(first), length), first, seed, epoch, Purpose::order);
  }
  return order;
}

}  // namespace eoshard::train
