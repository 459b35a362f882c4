// The arithmetic of the optimizers, element by element and tensor by tensor: the same code on the CPU and on GPUs.
// Names as in docs/metrics.md: w weight, g gradient, λ weight decay, η rate, μ momentum.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "libtrain/core/host_device.hpp"

namespace eoshard::train {

/// One tensor's place in the flat vectors.
struct UpdatePlace {
  std::int64_t offset = 0;
  std::int64_t length = 0;
  double weight_decay = 0;  ///< λ
  bool is_adapted = true;   ///< LARS, LAMB: with a ratio of its own; else 1
};

enum class UpdateRule { sgd, lars, lamb, novograd, adamw };

/// Defaults are those of the reference libraries: torch for SGD and AdamW, timm for LARS, LAMB and NovoGrad.
struct UpdateOptions {
  UpdateRule rule = UpdateRule::sgd;
  double momentum = 0.9;  ///< μ of SGD and LARS
  bool nesterov = true;   ///< of SGD and LARS
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double trust = 0.001;                 ///< τ of LARS
  bool is_rate_inside = false;          ///< LARS: v = μv + ηrg as in the paper and Keras, instead of w -= ηv
  bool has_bias_correction = true;      ///< LAMB
  bool are_gradients_averaged = false;  ///< NovoGrad: m = βm + (1-β)ĝ
  double clip_norm = 0;                 ///< of the whole gradient; 0 = none
  double ema_decay = 0;                 ///< of the averaged weights; 0 = none
};

/// The vectors of all tensors, of equal length; what the rule does not use may be null.
template <class Real>
struct FlatVectors {
  Real* weights = nullptr;
  Real* gradients = nullptr;
  Real* first = nullptr;            ///< velocity or first moment; starts as zeros
  Real* second = nullptr;           ///< LAMB, AdamW: second moment; starts as zeros
  double* tensor_second = nullptr;  ///< NovoGrad: second moment, one a tensor; starts as zeros
  Real* average = nullptr;          ///< weights averaged with ema_decay; starts as the weights
  /// ‖g‖² of all gradients. Where it is not finite, they have overflowed and the step changes nothing; null: not asked.
  const double* squared_norm = nullptr;
};

inline constexpr double kLargestNumber = std::numeric_limits<double>::max();

template <class Real>
EOSHARD_HOST_DEVICE inline bool is_step_taken(const FlatVectors<Real>& vectors) {
  return vectors.squared_norm == nullptr || *vectors.squared_norm <= kLargestNumber;
}

/// Sums over one tensor.
struct TensorNorms {
  double weight = 0;  ///< ‖w‖²
  double update = 0;  ///< ‖g‖², or ‖û‖² of LAMB's second pass
};

/// What the elements of one tensor have in common in one step.
template <class Real>
struct UpdateScalars {
  Real rate, gradient_scale, weight_decay, ratio;
  Real momentum, beta1, beta1_complement, beta2, beta2_complement, epsilon;
  Real first_correction, second_correction_root;  // 1 - β1ᵗ, √(1 - β2ᵗ)
  Real ema_decay;
};

/// LARS: τ‖w‖ / (‖g‖ + λ‖w‖ + ε), 1 where a norm is 0 (You, Gitman, Ginsburg 2017, equation 6).
EOSHARD_HOST_DEVICE inline double lars_ratio(const UpdateOptions& options, double weight_norm, double gradient_norm,
                                             double weight_decay) {
  if (!(weight_norm > 0 && gradient_norm > 0)) return 1;
  return options.trust * weight_norm / (gradient_norm + weight_decay * weight_norm + options.epsilon);
}

/// LAMB: ‖w‖ / ‖û‖, 1 where a norm is 0 (You et al. 2020, algorithm 2).
EOSHARD_HOST_DEVICE inline double lamb_ratio(const TensorNorms& norms) {
  return norms.weight > 0 && norms.update > 0 ? std::sqrt(norms.weight) / std::sqrt(norms.update) : 1;
}

/// NovoGrad's second moment, one number a tensor, which begins with the first gradient that is not zero (Ginsburg et
/// al. 2019, algorithm 1).
EOSHARD_HOST_DEVICE inline double novograd_moment(double moment, double squared_norm, double beta2) {
  return moment == 0 ? squared_norm : beta2 * moment + (1 - beta2) * squared_norm;
}

/// What makes one tensor's scalars differ from the others': its decay and, before the elements are visited, its ratio.
/// `clip` scales the gradient; `moment` is NovoGrad's own number of the tensor.
template <class Real>
EOSHARD_HOST_DEVICE inline void settle_tensor(const UpdateOptions& options, const UpdatePlace& place,
                                              const TensorNorms& norms, double clip, double* moment,
                                              UpdateScalars<Real>& scalars) {
  double ratio = 1;
  if (options.rule == UpdateRule::lars && place.is_adapted) {
    ratio = lars_ratio(options, std::sqrt(norms.weight), clip * std::sqrt(norms.update), place.weight_decay);
  } else if (options.rule == UpdateRule::novograd) {
    *moment = novograd_moment(*moment, clip * clip * norms.update, options.beta2);
    ratio = 1 / (std::sqrt(*moment) + options.epsilon);
  }
  scalars.gradient_scale = static_cast<Real>(clip);
  scalars.weight_decay = static_cast<Real>(place.weight_decay);
  scalars.ratio = static_cast<Real>(ratio);
}

/// Factor that brings a gradient of squared norm `total` down to options.clip_norm.
EOSHARD_HOST_DEVICE inline double clip_factor(const UpdateOptions& options, double total) {
  const double norm = std::sqrt(total);
  return options.clip_norm > 0 && norm > options.clip_norm ? options.clip_norm / norm : 1;
}

/// v = μv + d; returns what is taken off the weight before the rate.
template <bool Nesterov, class Real>
EOSHARD_HOST_DEVICE inline Real follow_momentum(const UpdateScalars<Real>& s, Real direction, Real& velocity) {
  velocity = s.momentum * velocity + direction;
  return Nesterov ? direction + s.momentum * velocity : velocity;
}

/// SGD and LARS, whose ratio is 1 in SGD. RateInside: see UpdateOptions::is_rate_inside.
template <bool Nesterov, bool RateInside, class Real>
EOSHARD_HOST_DEVICE inline void update_momentum(const UpdateScalars<Real>& s, Real& w, Real g, Real& velocity) {
  const Real direction = s.ratio * (g * s.gradient_scale + s.weight_decay * w);
  if constexpr (RateInside) {
    w -= follow_momentum<Nesterov>(s, s.rate * direction, velocity);
  } else {
    w -= s.rate * follow_momentum<Nesterov>(s, direction, velocity);
  }
}

/// SGD and LARS with μ = 0.
template <class Real>
EOSHARD_HOST_DEVICE inline void update_plain(const UpdateScalars<Real>& s, Real& w, Real g) {
  w -= s.rate * s.ratio * (g * s.gradient_scale + s.weight_decay * w);
}

/// m and v of Adam; returns m̂ / (√v̂ + ε).
template <class Real>
EOSHARD_HOST_DEVICE inline Real follow_moments(const UpdateScalars<Real>& s, Real g, Real& first, Real& second) {
  const Real scaled = g * s.gradient_scale;
  first = s.beta1 * first + s.beta1_complement * scaled;
  second = s.beta2 * second + s.beta2_complement * scaled * scaled;
  return first / s.first_correction / (std::sqrt(second) / s.second_correction_root + s.epsilon);
}

/// Loshchilov and Hutter 2019, algorithm 2, with the decay scaled by the rate as in torch.
template <class Real>
EOSHARD_HOST_DEVICE inline void update_adamw(const UpdateScalars<Real>& s, Real& w, Real g, Real& first, Real& second) {
  const Real step = follow_moments(s, g, first, second);
  w = w * (1 - s.rate * s.weight_decay) - s.rate * step;
}

/// LAMB's first pass: û, which takes the gradient's place.
template <class Real>
EOSHARD_HOST_DEVICE inline Real lamb_direction(const UpdateScalars<Real>& s, Real w, Real g, Real& first,
                                               Real& second) {
  return follow_moments(s, g, first, second) + s.weight_decay * w;
}

/// `ratio` is 1 / (√s + ε) here.
template <class Real>
EOSHARD_HOST_DEVICE inline void update_novograd(const UpdateScalars<Real>& s, Real& w, Real g, Real& first) {
  first = s.beta1 * first + s.beta1_complement * (g * s.gradient_scale * s.ratio + s.weight_decay * w);
  w -= s.rate * first;
}

/// Moves the averaged weight towards the weight.
template <class Real>
EOSHARD_HOST_DEVICE inline void follow_weight(const UpdateScalars<Real>& s, Real weight, Real& average) {
  average = s.ema_decay * average + (1 - s.ema_decay) * weight;
}

}  // namespace eoshard::train
