// The learning rate of every step, as a pure function.
#pragma once

#include <cstdint>
#include <vector>

namespace eoshard::train {

/// Linear warm-up, then a constant rate that is multiplied by gamma at every milestone.
struct Schedule {
  double base_rate = 0.1;
  double warmup_start_rate = 0.01;
  double warmup_epochs = 0;
  std::vector<double> milestones;  ///< in epochs, warm-up included
  double gamma = 0.1;
  std::int64_t steps_per_epoch = 1;
};

/// Rate of step `step`, counted from 0 over the whole run. With t = step / steps_per_epoch:
/// warm-up (t < warmup_epochs): start + t (base - start) / warmup_epochs, so that the base rate is first used at
/// t = warmup_epochs (Goyal et al., "Accurate, large minibatch SGD", 2017, section 2.2);
/// afterwards base · gamma^(number of milestones m with m <= t), as torch's MultiStepLR.
double learning_rate(const Schedule& schedule, std::int64_t step);

}  // namespace eoshard::train
