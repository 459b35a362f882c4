#include "libtrain/optim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "libingest/core/error.hpp"

namespace eoshard::train {
namespace {

double decayed_rate(const Schedule& schedule, double epoch) {
  if (schedule.decay == Decay::constant) return schedule.base_rate;
  if (schedule.decay == Decay::multistep) {
    const auto passed =
        std::ranges::count_if(schedule.milestones, [&](double milestone) { return epoch >= milestone; });
    return schedule.base_rate * std::pow(schedule.gamma, static_cast<double>(passed));
  }
  const double length = schedule.epochs - schedule.warmup_epochs;
  const double done = length > 0 ? std::min(1.0, (epoch - schedule.warmup_epochs) / length) : 1;
  const double share = schedule.decay == Decay::polynomial ? std::pow(1 - done, schedule.power)
                                                           : (1 + std::cos(std::numbers::pi * done)) / 2;
  return schedule.end_rate + (schedule.base_rate - schedule.end_rate) * share;
}

}  // namespace

EpochClock::EpochClock(std::vector<SchedulePhase> phases) : phases_(std::move(phases)), first_steps_{0} {
  for (std::size_t phase = 1; phase < phases_.size(); ++phase) {
    const std::int64_t epochs = phases_[phase].first_epoch - phases_[phase - 1].first_epoch;
    first_steps_.push_back(first_steps_.back() + epochs * phases_[phase - 1].steps_per_epoch);
  }
}

const SchedulePhase& EpochClock::phase_of_epoch(std::int64_t epoch) const {
  std::size_t phase = phases_.size() - 1;
  while (phase > 0 && phases_[phase].first_epoch > epoch) --phase;
  return phases_[phase];
}

const SchedulePhase& EpochClock::phase_of_step(std::int64_t step) const {
  std::size_t phase = phases_.size() - 1;
  while (phase > 0 && first_steps_[phase] > step) --phase;
  return phases_[phase];
}

std::int64_t EpochClock::first_step_of(std::int64_t epoch) const {
  const SchedulePhase& phase = phase_of_epoch(epoch);
  const std::int64_t first = first_steps_[static_cast<std::size_t>(&phase - phases_.data())];
  return first + (epoch - phase.first_epoch) * phase.steps_per_epoch;
}

double EpochClock::epoch_of(std::int64_t step) const {
  const SchedulePhase& phase = phase_of_step(step);
  const std::int64_t first = first_steps_[static_cast<std::size_t>(&phase - phases_.data())];
  return static_cast<double>(phase.first_epoch) +
         static_cast<double>(step - first) / static_cast<double>(phase.steps_per_epoch);
}

Decay parse_decay(std::string_view name) {
  if (name == "constant") return Decay::constant;
  if (name == "multistep") return Decay::multistep;
  if (name == "polynomial") return Decay::polynomial;
  if (name == "cosine") return Decay::cosine;
  throw Error(ErrorKind::usage, "unknown schedule '" + std::string(name) + "'");
}

double learning_rate(const Schedule& schedule, std::int64_t step) {
  const double epoch = schedule.clock.epoch_of(step);
  const double factor = schedule.clock.phase_of_step(step).rate_factor;
  if (epoch >= schedule.warmup_epochs) return factor * decayed_rate(schedule, epoch);
  const double rise = schedule.base_rate - schedule.warmup_start_rate;
  return factor * (schedule.warmup_start_rate + epoch * rise / schedule.warmup_epochs);
}

double rate_scale(std::string_view rule, double ratio) {
  if (rule == "none") return 1;
  if (rule == "linear") return ratio;
  if (rule == "sqrt") return std::sqrt(ratio);
  throw Error(ErrorKind::usage, "unknown rule '" + std::string(rule) + "' to scale the learning rate");
}

}  // namespace eoshard::train
