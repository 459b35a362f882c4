// Loss scaling for float16, whose gradients would else vanish or overflow (Micikevicius et al., "Mixed precision
// training", ICLR 2018). A value: which scale the next step has follows from what became of the steps before.
#pragma once

#include <cstdint>

namespace eoshard::train {

/// torch.amp.GradScaler's rule: halved by a step whose gradients overflow (which is not taken), doubled after 2,000
/// steps without one.
struct LossScale {
  static constexpr double kFirst = 65536;
  static constexpr std::int64_t kPatience = 2000;

  double scale = 1;
  std::int64_t good_steps = 0;

  void follow(bool has_overflow) {
    good_steps = has_overflow ? 0 : good_steps + 1;
    if (has_overflow) scale /= 2;
    if (good_steps < kPatience) return;
    scale *= 2;
    good_steps = 0;
  }
};

}  // namespace eoshard::train
