#include "libtrain/run_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace eoshard::train {
namespace {

double batch_ratio(const TrainOptions& options, std::int64_t epoch) {
  return static_cast<double>(options.batch_size.at(epoch)) / static_cast<double>(options.reference_batch_size);
}

// The rate's factor in the phase that begins in `epoch`, over the first phase's.
double switch_factor(const TrainOptions& options, std::int64_t epoch) {
  if (!options.rescale_at_switch) return 1;
  return rate_scale(options.scale_learning_rate, batch_ratio(options, epoch) / batch_ratio(options, 0));
}

EpochClock make_clock(const TrainOptions& options, std::int64_t samples) {
  std::vector<SchedulePhase> phases;
  for (const std::int64_t epoch : options.batch_size.epochs()) {
    phases.push_back({epoch, plan_epoch(options, samples, epoch).steps(), switch_factor(options, epoch)});
  }
  return EpochClock(std::move(phases));
}

}  // namespace

StepPlan plan_epoch(const TrainOptions& options, std::int64_t samples, std::int64_t epoch) {
  return {samples, options.batch_size.at(epoch), options.micro_batch_size.at(epoch)};
}

Schedule make_schedule(const TrainOptions& options, std::int64_t samples) {
  Schedule schedule;
  schedule.decay = parse_decay(options.schedule);
  schedule.base_rate = options.learning_rate * rate_scale(options.scale_learning_rate, batch_ratio(options, 0));
  schedule.warmup_start_rate = schedule.base_rate * options.warmup_start_factor;
  schedule.warmup_epochs = options.warmup_epochs * (options.scale_warmup ? batch_ratio(options, 0) : 1);
  schedule.epochs = static_cast<double>(options.epochs);
  schedule.milestones = options.milestones;
  schedule.gamma = options.gamma;
  schedule.power = options.power;
  schedule.end_rate = schedule.base_rate * options.end_rate_factor;
  schedule.clock = make_clock(options, samples);
  return schedule;
}

std::int64_t count_steps(const TrainOptions& options, const Schedule& schedule) {
  const std::int64_t all = schedule.clock.first_step_of(options.epochs);
  return options.max_steps > 0 ? std::min(all, options.max_steps) : all;
}

std::int64_t count_images(const TrainOptions& options, const Schedule& schedule, std::int64_t first,
                          std::int64_t last) {
  std::int64_t images = 0;
  for (std::int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    const std::int64_t begin = std::max(first, schedule.clock.first_step_of(epoch));
    const std::int64_t end = std::min(last, schedule.clock.first_step_of(epoch + 1));
    images += std::max<std::int64_t>(0, end - begin) * options.batch_size.at(epoch);
  }
  return images;
}

std::string schedule_table(const TrainOptions& options, std::int64_t samples) {
  const Schedule schedule = make_schedule(options, samples);
  const std::int64_t steps = count_steps(options, schedule);
  std::string table = "step,epoch,batch_size,learning_rate\n";
  for (std::int64_t step = 0; step < steps; ++step) {
    const double epoch = schedule.clock.epoch_of(step);
    table += fmt::format("{},{:.6g},{},{:.17g}\n", step, epoch,
                         options.batch_size.at(schedule.clock.phase_of_step(step).first_epoch),
                         learning_rate(schedule, step));
  }
  return table;
}

}  // namespace eoshard::train
