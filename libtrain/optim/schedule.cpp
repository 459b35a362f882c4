#include "libtrain/optim/schedule.hpp"

namespace eoshard::train {

double learning_rate(const Schedule& schedule, std::int64_t step) {
  const double epoch = static_cast<double>(step) / static_cast<double>(schedule.steps_per_epoch);
  if (epoch < schedule.warmup_epochs) {
    const double rise = schedule.base_rate - schedule.warmup_start_rate;
    return schedule.warmup_start_rate + epoch * rise / schedule.warmup_epochs;
  }
  double rate = schedule.base_rate;
  for (const double milestone : schedule.milestones) {
    if (epoch >= milestone) rate *= schedule.gamma;
  }
  return rate;
}

}  // namespace eoshard::train
