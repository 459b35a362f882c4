#include "libtrain/training_run.hpp"

#include <fmt/format.h>

#include <utility>

#include "libtrain/checkpoint/run_folder.hpp"
#include "libtrain/damage_report.hpp"
#include "libtrain/loss/loss_scale.hpp"
#include "libtrain/run_schedule.hpp"

namespace eoshard::train {

TrainingRun::TrainingRun(const TrainOptions& options, const TrainSetting& setting)
    : options_(options),
      setting_(setting),
      world_(setting.world),
      run_(options.out),
      dataset_(open_for_training(options, world_)),
      samples_(select_training_samples(options, dataset_, world_)),
      schedule_(make_schedule(options, sample_count())),
      last_step_(count_steps(options, schedule_)),
      device_(choose_device(options, world_)),
      collective_(world_.size() == 1 ? make_solo_collective() : make_collective(world_, device_)),
      solo_(make_solo_collective()),
      state_(make_initial_network(options, dataset_, world_, setting.log), device_, update_rules(options)),
      pass_{state_.network(), dataset_.input, dataset_.task, device_, parse_precision(options.precision)},
      is_traced_(setting.is_traced && world_.is_root()) {
  PlacerRules rules{options.mixup_alpha > 0, {}};
  if (options.cache == "device") rules.cached_samples = samples_;
  world_.agree([&] { placer_ = make_batch_placer(pass_, dataset_.split("train"), rules); });
}

void TrainingRun::tell_left_out() const {
  for (const auto& [name, split] : dataset_.splits) {
    if (split->samples() == split->stored_samples()) continue;
    setting_.log.info(fmt::format("{} of {} samples of {} carry no class of {} and are left out",
                                  split->stored_samples() - split->samples(), split->stored_samples(), name,
                                  options_.nomenclature));
  }
}

// Steps of the epoch that begins now; another batch needs another step.
void TrainingRun::begin_phase() {
  const StepPlan next = plan_epoch(options_, sample_count(), position_.epoch);
  const std::int64_t next_local_steps = options_.local_steps.at(position_.epoch);
  const bool is_other_plan = step_ == nullptr || next != plan_;
  const bool is_other_averaging = step_ == nullptr || next_local_steps != local_steps_;
  plan_ = next;
  local_steps_ = next_local_steps;
  if (!is_other_plan && !is_other_averaging) return;
  if (world_.is_root() && is_other_plan) {
    tell_rest();
    tell_small_passes();
  }
  if (world_.is_root() && is_other_averaging) tell_local_steps();
  StepOptions step = step_options(options_, dataset_, device_);
  step.plan = plan_;
  step.share = own_share();
  step.is_local = is_local();
  step_.reset();  // its hooks before the next one's
  step_ = make_train_step(state_, pass_, *placer_, is_local() ? *solo_ : *collective_, step);
}

void TrainingRun::tell_rest() const {
  if (const std::int64_t rest = plan_.samples % plan_.batch_size; rest > 0) {
    setting_.log.info(fmt::format("{} samples in steps of {}: the last {} of every epoch's order are left out",
                                  plan_.samples, plan_.batch_size, rest));
  }
}

// A GPU is not busy with so few samples, and waits for the host to launch each operator.
void TrainingRun::tell_small_passes() const {
  constexpr std::int64_t kFew = 128;
  const std::int64_t ranks = world_.size(), own = (plan_.micro_batches() + ranks - 1) / ranks;
  if (!device_.is_cuda() || own == 1 || plan_.micro_batch_size >= kFew) return;
  setting_.log.info(
      fmt::format("each GPU computes {} micro-batches of {} samples one after another; larger ones, up to "
                  "--micro-batch-size {}, are faster",
                  own, plan_.micro_batch_size, plan_.batch_size / ranks));
}

void TrainingRun::tell_local_steps() const {
  if (local_steps_ == 1) return;
  setting_.log.info(
      world_.size() == 1
          ? "--local-steps changes nothing on one rank"
          : fmt::format("from epoch {} on each of {} ranks takes {} steps by itself between averages of the weights "
                        "(--local-steps): they depend on the number of ranks",
                        position_.epoch + 1, world_.size(), local_steps_));
}

void TrainingRun::on_root(const std::function<void()>& work) const {
  world_.agree([&] {
    if (world_.is_root()) work();
  });
}

// The root prepares the folder and reads the newest checkpoint; the others get both from it.
void TrainingRun::restore() {
  position_.experiment_hash = experiment_hash(options_);
  position_.micro_batch_size = options_.micro_batch_size.at(0);
  if (pass_.precision == Precision::fp16) position_.loss_scale = LossScale::kFirst;
  on_root([&] {
    prepare_run(run_, configure_run(options_, world_.size()), setting_.rules.is_overwritten, setting_.rules.must_exist);
    if (const std::optional<Checkpoint> checkpoint = load_newest_checkpoint(run_, setting_.log)) {
      state_.load_all(checkpoint->tensors);
      position_ = checkpoint->position;
      setting_.log.info(
          fmt::format("going on from step {}, {} of {} epochs done", position_.step, position_.epoch, options_.epochs));
    }
    keep_metrics_up_to(run_, position_.epoch);
    keep_trace_up_to(run_, position_.step);
    writer_ = std::make_unique<CheckpointWriter>(run_, options_.keep_checkpoints, setting_.log);
  });
  position_ = position_from_json(world_.broadcast(position_to_json(position_)));
  state_.broadcast(*collective_);
  saved_step_ = position_.step;
  images_wanted_ = count_images(options_, schedule_, position_.step, last_step_);
  run_start_ = std::chrono::steady_clock::now();
  if (world_.is_root()) tell_left_out();
}

bool TrainingRun::is_done() const {
  const std::int64_t patience = options_.early_stop_patience;
  const bool is_stuck = patience > 0 && position_.best_epoch > 0 && position_.epoch - position_.best_epoch >= patience;
  return is_stuck || schedule_.clock.first_step_of(position_.epoch) >= last_step_;
}

void TrainingRun::save() {
  note_damage();
  on_root([&] {
    writer_->begin(
        {std::exchange(new_best_, std::nullopt), take_snapshot(position_, state_.all_tensors(position_.step))});
  });
  saved_step_ = position_.step;
}

// Every so many steps, or as soon afterwards as all ranks hold the same weights.
bool TrainingRun::is_checkpoint_due() const {
  const std::int64_t every = options_.checkpoint_every_steps;
  return every > 0 && !is_stop_wanted_ && unsettled_.steps == 0 && position_.step / every > saved_step_ / every;
}

void TrainingRun::save_and_wait() {
  save();
  finish_saving();
}

// Before the run says that it is saved.
void TrainingRun::finish_saving() {
  on_root([&] {
    const std::string failure = writer_->finish();
    if (failure.empty()) return;
    const std::filesystem::path newest = newest_checkpoint_path(run_);
    throw Error(ErrorKind::io, fmt::format("the state of step {} could not be saved: {}; the newest checkpoint is {}",
                                           position_.step, failure, newest.empty() ? "none" : newest.string()));
  });
}

// The samples that were skipped are part of the state, so that a resumed run counts them as well.
void TrainingRun::note_damage() {
  if (!options_.skip_damaged) return;
  const std::map<std::int64_t, std::string> damaged = gather_damaged(dataset_.split("train"), world_);
  tell_damage("train", damaged);
  std::set<std::int64_t> all(position_.damaged.begin(), position_.damaged.end());
  for (const auto& [sample, error] : damaged) all.insert(sample);
  position_.damaged.assign(all.begin(), all.end());
}

void TrainingRun::tell_damage(const std::string& split, const std::map<std::int64_t, std::string>& damaged) {
  for (const auto& [sample, error] : damaged) {
    if (!told_damage_.emplace(split, sample).second || !world_.is_root()) continue;
    setting_.log.warning(fmt::format("skipped by --skip-damaged: {}", error));
  }
}

// Figures that cannot be written now come with the next ones: a full disk does not end a run.
void TrainingRun::write_line(const nlohmann::ordered_json& line) {
  on_root([&] {
    unwritten_lines_.push_back(line.dump());
    try {
      while (!unwritten_lines_.empty()) {
        append_metrics(run_, unwritten_lines_.front());
        unwritten_lines_.erase(unwritten_lines_.begin());
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::io) throw;
      setting_.log.warning(fmt::format("METRICS NOT WRITTEN: {}. Training goes on", error.what()));
    }
  });
}

}  // namespace eoshard::train
