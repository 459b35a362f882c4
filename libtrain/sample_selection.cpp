#include "libtrain/sample_selection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "libingest/core/error.hpp"
#include "libtrain/data/random_draws.hpp"
#include "libtrain/data/sample_order.hpp"
#include "libtrain/data/sample_table.hpp"

namespace eoshard::train {
namespace {

void keep_where(std::vector<std::int64_t>& chosen, const TrainOptions& options, const std::string& condition,
                const SplitReader& split) {
  const std::size_t sign = condition.find('=');
  if (sign == std::string::npos || sign == 0) {
    throw Error(ErrorKind::usage, fmt::format("--where '{}' is not column=value", condition));
  }
  const std::string wanted = condition.substr(sign + 1);
  const std::vector<std::string> values = read_sample_column(options.data, split, condition.substr(0, sign));
  std::erase_if(chosen, [&](std::int64_t sample) { return values[static_cast<std::size_t>(sample)] != wanted; });
}

void keep_share(std::vector<std::int64_t>& chosen, double fraction, std::uint64_t seed) {
  if (fraction >= 1) return;
  const auto key = [&](std::int64_t sample) { return std::pair(draw_bits(seed, 0, sample, Purpose::subset), sample); };
  std::ranges::sort(chosen, {}, key);
  chosen.resize(static_cast<std::size_t>(std::llround(fraction * static_cast<double>(chosen.size()))));
  std::ranges::sort(chosen);
}

}  // namespace

std::vector<std::int64_t> select_samples(const TrainOptions& options, const SplitReader& split) {
  const std::int64_t samples = split.samples();
  std::vector<std::int64_t> chosen(static_cast<std::size_t>(samples));
  std::iota(chosen.begin(), chosen.end(), std::int64_t{0});
  for (const std::string& condition : options.where) keep_where(chosen, options, condition, split);
  keep_share(chosen, options.subset_fraction, options.seed);
  for (const std::int64_t epoch : options.batch_size.epochs()) {
    const std::int64_t batch = options.batch_size.at(epoch);
    if (batch <= static_cast<std::int64_t>(chosen.size())) continue;
    const bool is_part = static_cast<std::int64_t>(chosen.size()) < samples;
    throw Error(ErrorKind::usage,
                fmt::format("--batch-size {} is larger than the training split of {} samples{}", batch, chosen.size(),
                            is_part ? fmt::format(" that --where and --subset-fraction leave of {}", samples) : ""));
  }
  return chosen;
}

std::vector<std::int64_t> order_samples(const TrainOptions& options, const std::vector<std::int64_t>& samples,
                                        std::int64_t epoch) {
  ShuffleRule rule;
  if (options.shuffle == "blocks") rule = {options.shuffle_block, options.shuffle_window};
  std::vector<std::int64_t> order = sample_order(static_cast<std::int64_t>(samples.size()), rule, options.seed, epoch);
  for (std::int64_t& place : order) place = samples[static_cast<std::size_t>(place)];
  return order;
}

}  // namespace eoshard::train
