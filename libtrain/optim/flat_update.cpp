#include "libtrain/optim/flat_update.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "libingest/core/error.hpp"

namespace eoshard::train {
namespace {

// The compiler makes a version of these loops for each of the vector units that it may meet. Unlike those of
// EOSHARD_VECTOR_CLONES they may fuse a product and a sum: the last bits of an update are those of one kind of
// processor. What chooses between them runs before the thread sanitizer is ready.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define EOSHARD_UPDATE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define EOSHARD_UPDATE_CLONES
#endif

// Eight running sums that the compiler keeps in vector registers; their order is fixed. A float32's square is exact.
template <class Real>
inline __attribute__((always_inline)) double sum_in_lanes(const Real* values, std::int64_t first, std::int64_t last) {
  constexpr std::int64_t kLanes = 8;
  double sums[kLanes] = {};
  std::int64_t index = first;
  for (; index + kLanes <= last; index += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const double value = static_cast<double>(values[index + lane]);
      sums[lane] += value * value;
    }
  }
  for (; index < last; ++index) sums[0] += static_cast<double>(values[index]) * static_cast<double>(values[index]);
  double sum = 0;
  for (const double lane : sums) sum += lane;
  return sum;
}

EOSHARD_UPDATE_CLONES double sum_of_squares(const float* values, std::int64_t first, std::int64_t last) {
  return sum_in_lanes(values, first, last);
}
EOSHARD_UPDATE_CLONES double sum_of_squares(const double* values, std::int64_t first, std::int64_t last) {
  return sum_in_lanes(values, first, last);
}

// One rule's loop over elements of one tensor, for both types.
// NOLINTBEGIN(bugprone-macro-parentheses): arguments are a name, a type and a statement
// NOLINTBEGIN(readability-non-const-parameter): all loops are called by one type of pointer
#define EOSHARD_UPDATE_LOOP(name, Real, body)                                                                  \
  EOSHARD_UPDATE_CLONES void name(const UpdateScalars<Real> s, std::int64_t count, Real* __restrict__ w,       \
                                  Real* __restrict__ g, Real* __restrict__ first, Real* __restrict__ second) { \
    (void)g, (void)first, (void)second;                                                                        \
    for (std::int64_t i = 0; i < count; ++i) body;                                                             \
  }
#define EOSHARD_UPDATE_LOOPS(name, body) \
  EOSHARD_UPDATE_LOOP(name, float, body) \
  EOSHARD_UPDATE_LOOP(name, double, body)

EOSHARD_UPDATE_LOOPS(loop_plain, update_plain(s, w[i], g[i]))
EOSHARD_UPDATE_LOOPS(loop_momentum, (update_momentum<false, false>(s, w[i], g[i], first[i])))
EOSHARD_UPDATE_LOOPS(loop_momentum_inside, (update_momentum<false, true>(s, w[i], g[i], first[i])))
EOSHARD_UPDATE_LOOPS(loop_nesterov, (update_momentum<true, false>(s, w[i], g[i], first[i])))
EOSHARD_UPDATE_LOOPS(loop_nesterov_inside, (update_momentum<true, true>(s, w[i], g[i], first[i])))
EOSHARD_UPDATE_LOOPS(loop_novograd, update_novograd(s, w[i], g[i], first[i]))
EOSHARD_UPDATE_LOOPS(loop_adamw, update_adamw(s, w[i], g[i], first[i], second[i]))
EOSHARD_UPDATE_LOOPS(loop_lamb_direction, g[i] = lamb_direction(s, w[i], g[i], first[i], second[i]))
EOSHARD_UPDATE_LOOPS(loop_lamb, w[i] -= s.rate * s.ratio * g[i])
EOSHARD_UPDATE_LOOPS(loop_average, follow_weight(s, w[i], first[i]))  // `first` is the average
// NOLINTEND(readability-non-const-parameter)
// NOLINTEND(bugprone-macro-parentheses)

template <class Real>
using UpdateLoop = void (*)(const UpdateScalars<Real>, std::int64_t, Real*, Real*, Real*, Real*);

template <class Real>
UpdateLoop<Real> choose_loop(const UpdateOptions& options) {
  if (options.rule == UpdateRule::adamw) return loop_adamw;
  if (options.rule == UpdateRule::novograd) return loop_novograd;
  if (options.momentum == 0) return loop_plain;
  if (options.nesterov && options.is_rate_inside) return loop_nesterov_inside;
  if (options.nesterov) return loop_nesterov;
  if (options.is_rate_inside) return loop_momentum_inside;
  return loop_momentum;
}

template <class Real>
Real* at_offset(Real* values, std::int64_t offset) {
  return values != nullptr ? values + offset : nullptr;
}

template <class Real>
void run_loop(UpdateLoop<Real> loop, const UpdateScalars<Real>& scalars, const FlatVectors<Real>& v,
              const UpdateBlock& block) {
  loop(scalars, block.last - block.first, v.weights + block.first, v.gradients + block.first,
       at_offset(v.first, block.first), at_offset(v.second, block.first));
}

template <class Real>
void average_weights(const UpdateScalars<Real>& scalars, const FlatVectors<Real>& v, const UpdateBlock& block) {
  if (v.average == nullptr) return;
  const UpdateLoop<Real> loop = loop_average;
  loop(scalars, block.last - block.first, v.weights + block.first, nullptr, v.average + block.first, nullptr);
}

}  // namespace

UpdateRule parse_update_rule(std::string_view name) {
  if (name == "sgd") return UpdateRule::sgd;
  if (name == "lars") return UpdateRule::lars;
  if (name == "lamb") return UpdateRule::lamb;
  if (name == "novograd") return UpdateRule::novograd;
  if (name == "adamw") return UpdateRule::adamw;
  throw Error(ErrorKind::usage, "unknown optimizer '" + std::string(name) + "'");
}

bool has_first_moment(const UpdateOptions& options) {
  const bool is_momentum_rule = options.rule == UpdateRule::sgd || options.rule == UpdateRule::lars;
  return !is_momentum_rule || options.momentum != 0;
}
bool has_second_moment(const UpdateOptions& options) {
  return options.rule == UpdateRule::lamb || options.rule == UpdateRule::adamw;
}
bool has_tensor_moment(const UpdateOptions& options) { return options.rule == UpdateRule::novograd; }

bool needs_norms(const UpdateOptions& options) {
  return options.clip_norm > 0 || options.rule == UpdateRule::lars || options.rule == UpdateRule::novograd;
}

std::vector<UpdateBlock> cut_blocks(const std::vector<UpdatePlace>& places, std::int64_t length) {
  std::vector<UpdateBlock> blocks;
  for (std::size_t tensor = 0; tensor < places.size(); ++tensor) {
    const std::int64_t end = places[tensor].offset + places[tensor].length;
    for (std::int64_t first = places[tensor].offset; first < end; first += length) {
      blocks.push_back({static_cast<std::int64_t>(tensor), first, std::min(first + length, end)});
    }
  }
  return blocks;
}

template <class Real>
UpdateScalars<Real> common_scalars(const UpdateOptions& options, double rate, std::int64_t step) {
  const bool is_averaged = options.rule != UpdateRule::novograd || options.are_gradients_averaged;
  const bool is_corrected = options.rule != UpdateRule::lamb || options.has_bias_correction;
  const auto correction = [&](double beta) { return is_corrected ? 1 - std::pow(beta, step) : 1; };
  UpdateScalars<Real> common{};
  common.rate = static_cast<Real>(rate);
  common.momentum = static_cast<Real>(options.momentum);
  common.beta1 = static_cast<Real>(options.beta1);
  common.beta1_complement = static_cast<Real>(is_averaged ? 1 - options.beta1 : 1);
  common.beta2 = static_cast<Real>(options.beta2);
  common.beta2_complement = static_cast<Real>(1 - options.beta2);
  common.epsilon = static_cast<Real>(options.epsilon);
  common.first_correction = static_cast<Real>(correction(options.beta1));
  common.second_correction_root = static_cast<Real>(std::sqrt(correction(options.beta2)));
  common.ema_decay = static_cast<Real>(options.ema_decay);
  return common;
}

template UpdateScalars<float> common_scalars<float>(const UpdateOptions&, double, std::int64_t);
template UpdateScalars<double> common_scalars<double>(const UpdateOptions&, double, std::int64_t);

FlatUpdate::FlatUpdate(const UpdateOptions& options, std::vector<UpdatePlace> places)
    : options_(options), places_(std::move(places)), blocks_(cut_blocks(places_, kBlock)) {}

template <class Work>
void FlatUpdate::for_each_block(const ParallelBlocks& parallel, const Work& work) const {
  parallel(static_cast<std::int64_t>(blocks_.size()),
           [&](std::int64_t number) { work(blocks_[static_cast<std::size_t>(number)], number); });
}

// Of the weights too where the rule asks for them.
template <class Real>
std::vector<TensorNorms> FlatUpdate::norms(const FlatVectors<Real>& vectors, const ParallelBlocks& parallel) const {
  const bool are_weights_needed = options_.rule == UpdateRule::lars || options_.rule == UpdateRule::lamb;
  std::vector<TensorNorms> partial(blocks_.size());
  for_each_block(parallel, [&](const UpdateBlock& block, std::int64_t number) {
    TensorNorms& sums = partial[static_cast<std::size_t>(number)];
    sums.update = sum_of_squares(vectors.gradients, block.first, block.last);
    if (are_weights_needed) sums.weight = sum_of_squares(vectors.weights, block.first, block.last);
  });
  std::vector<TensorNorms> sums(places_.size());
  for (std::size_t number = 0; number < blocks_.size(); ++number) {
    TensorNorms& tensor = sums[static_cast<std::size_t>(blocks_[number].tensor)];
    tensor.update += partial[number].update;
    tensor.weight += partial[number].weight;
  }
  return sums;
}

template <class Real>
std::vector<UpdateScalars<Real>> FlatUpdate::settle(const FlatVectors<Real>& vectors, double rate, std::int64_t step,
                                                    const std::vector<TensorNorms>& sums) const {
  double total = 0;
  for (const TensorNorms& tensor : sums) total += tensor.update;
  const double clip = clip_factor(options_, total);
  std::vector<UpdateScalars<Real>> scalars(places_.size(), common_scalars<Real>(options_, rate, step));
  for (std::size_t tensor = 0; tensor < places_.size(); ++tensor) {
    double* const moment = vectors.tensor_second != nullptr ? vectors.tensor_second + tensor : nullptr;
    settle_tensor(options_, places_[tensor], sums[tensor], clip, moment, scalars[tensor]);
  }
  return scalars;
}

template <class Real>
void FlatUpdate::apply(const FlatVectors<Real>& v, double rate, std::int64_t step,
                       const ParallelBlocks& parallel) const {
  if (!is_step_taken(v)) return;
  const auto sums = needs_norms(options_) ? norms(v, parallel) : std::vector<TensorNorms>(places_.size());
  const std::vector<UpdateScalars<Real>> scalars = settle(v, rate, step, sums);
  if (options_.rule == UpdateRule::lamb) return run_lamb(v, scalars, parallel);
  const UpdateLoop<Real> loop = choose_loop<Real>(options_);
  for_each_block(parallel, [&](const UpdateBlock& block, std::int64_t) {
    const UpdateScalars<Real>& own = scalars[static_cast<std::size_t>(block.tensor)];
    run_loop(loop, own, v, block);
    average_weights(own, v, block);
  });
}

template <class Real>
void FlatUpdate::run_lamb(const FlatVectors<Real>& v, std::vector<UpdateScalars<Real>> scalars,
                          const ParallelBlocks& parallel) const {
  for_each_block(parallel, [&](const UpdateBlock& block, std::int64_t) {
    run_loop<Real>(loop_lamb_direction, scalars[static_cast<std::size_t>(block.tensor)], v, block);
  });
  const std::vector<TensorNorms> sums = norms(v, parallel);
  for (std::size_t tensor = 0; tensor < places_.size(); ++tensor) {
    if (places_[tensor].is_adapted) scalars[tensor].ratio = static_cast<Real>(lamb_ratio(sums[tensor]));
  }
  for_each_block(parallel, [&](const UpdateBlock& block, std::int64_t) {
    const UpdateScalars<Real>& own = scalars[static_cast<std::size_t>(block.tensor)];
    run_loop<Real>(loop_lamb, own, v, block);
    average_weights(own, v, block);
  });
}

template void FlatUpdate::apply<float>(const FlatVectors<float>&, double, std::int64_t, const ParallelBlocks&) const;
template void FlatUpdate::apply<double>(const FlatVectors<double>&, double, std::int64_t, const ParallelBlocks&) const;

template <class Real>
double squared_norm(const Real* values, std::int64_t length, const ParallelBlocks& parallel) {
  const std::int64_t blocks = (length + FlatUpdate::kBlock - 1) / FlatUpdate::kBlock;
  std::vector<double> partial(static_cast<std::size_t>(blocks));
  parallel(blocks, [&](std::int64_t number) {
    const std::int64_t first = number * FlatUpdate::kBlock;
    partial[static_cast<std::size_t>(number)] =
        sum_of_squares(values, first, std::min(first + FlatUpdate::kBlock, length));
  });
  double sum = 0;
  for (const double part : partial) sum += part;
  return sum;
}

template double squared_norm<float>(const float*, std::int64_t, const ParallelBlocks&);
template double squared_norm<double>(const double*, std::int64_t, const ParallelBlocks&);

}  // namespace eoshard::train
