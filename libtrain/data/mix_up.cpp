#include "libtrain/data/mix_up.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "libingest/core/counter_random.hpp"
#include "libtrain/data/random_draws.hpp"

namespace eoshard::train {
namespace {

// Uniform draws of one sample of one epoch, one after another.
class SampleDraws {
 public:
  SampleDraws(std::uint64_t seed, std::int64_t epoch, std::int64_t sample)
      : seed_(draw_bits(seed, epoch, sample, Purpose::mix_share)) {}

  double next() { return 1 - random_unit(seed_, 0, counter_++); }  // in (0, 1]

 private:
  std::uint64_t seed_;
  std::uint64_t counter_ = 0;
};

double draw_normal(SampleDraws& draws) {
  const double radius = std::sqrt(-2 * std::log(draws.next()));
  return radius * std::cos(2 * std::numbers::pi * draws.next());
}

// Marsaglia and Tsang, "A simple method for generating gamma variables", 2000, for shape >= 1; below, a draw of
// shape + 1 times u^(1 / shape). The logarithm, since small shapes give tiny values.
double draw_log_gamma(double shape, SampleDraws& draws) {
  if (shape < 1) {
    const double power = std::log(draws.next()) / shape;
    return draw_log_gamma(shape + 1, draws) + power;
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = draw_normal(draws), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(draws.next()) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d) + std::log(v);
  }
}

// X / (X + Y) of two gamma variables.
double draw_beta(double alpha, SampleDraws draws) {
  const double x = draw_log_gamma(alpha, draws), y = draw_log_gamma(alpha, draws);
  return 1 / (1 + std::exp(y - x));
}

}  // namespace

Mixing draw_mixing(double alpha, std::uint64_t seed, std::int64_t epoch, std::span<const std::int64_t> samples) {
  Mixing mixing;
  std::vector<std::uint64_t> keys;
  for (const std::int64_t sample : samples) {
    keys.push_back(draw_bits(seed, epoch, sample, Purpose::mix_partner));
    mixing.shares.push_back(static_cast<float>(draw_beta(alpha, SampleDraws(seed, epoch, sample))));
  }
  mixing.partners.resize(samples.size());
  std::iota(mixing.partners.begin(), mixing.partners.end(), std::int64_t{0});
  std::ranges::sort(mixing.partners, {}, [&](std::int64_t position) {
    return std::pair(keys[static_cast<std::size_t>(position)], position);
  });
  return mixing;
}

}  // namespace eoshard::train
