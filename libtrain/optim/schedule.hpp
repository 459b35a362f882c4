// The learning rate of every step, as a pure function.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace eoshard::train {

/// Epochs of one number of steps, up to the next phase.
struct SchedulePhase {
  std::int64_t first_epoch = 0;
  std::int64_t steps_per_epoch = 1;
  double rate_factor = 1;  ///< on every rate of the phase
};

/// From step numbers to time in epochs: phases in order, the first from epoch 0.
class EpochClock {
 public:
  EpochClock() : EpochClock({SchedulePhase{}}) {}
  explicit EpochClock(std::vector<SchedulePhase> phases);

  /// Time at the start of step `step`, counted from 0 over the whole run.
  double epoch_of(std::int64_t step) const;
  std::int64_t first_step_of(std::int64_t epoch) const;
  const SchedulePhase& phase_of_epoch(std::int64_t epoch) const;
  const SchedulePhase& phase_of_step(std::int64_t step) const;

 private:
  std::vector<SchedulePhase> phases_;
  std::vector<std::int64_t> first_steps_;
};

/// How the rate goes on after the warm-up.
enum class Decay { constant, multistep, polynomial, cosine };
/// @throws Error{usage} for another name.
Decay parse_decay(std::string_view name);

struct Schedule {
  Decay decay = Decay::multistep;
  double base_rate = 0.1;
  double warmup_start_rate = 0.01;
  double warmup_epochs = 0;
  double epochs = 1;               ///< of the whole run, where polynomial and cosine reach end_rate
  std::vector<double> milestones;  ///< multistep: in epochs, warm-up included
  double gamma = 0.1;              ///< multistep
  double power = 2;                ///< polynomial
  double end_rate = 0;             ///< polynomial, cosine
  EpochClock clock;
};

/// Rate of step `step`, counted from 0 over the whole run, with t its time in epochs:
/// warm-up (t < warmup_epochs): start + t (base - start) / warmup_epochs, so that the base rate is first used at
/// t = warmup_epochs (Goyal et al., "Accurate, large minibatch SGD", 2017, section 2.2). Afterwards, with
/// u = (t - warmup_epochs) / (epochs - warmup_epochs), the meanings of torch's schedulers joined by SequentialLR:
/// multistep base · gamma^(number of milestones m with m <= t); polynomial end + (base - end) (1 - u)^power;
/// cosine end + (base - end) (1 + cos πu) / 2. All times the phase's factor.
double learning_rate(const Schedule& schedule, std::int64_t step);

/// Factor on the learning rate for a batch `ratio` times the reference: none, linear (Goyal et al. 2017) or sqrt
/// (Krizhevsky 2014; You et al. 2020 for LAMB). @throws Error{usage} for another rule.
double rate_scale(std::string_view rule, double ratio);

}  // namespace eoshard::train
