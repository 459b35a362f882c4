#include "libtrain/trainer.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "libingest/shard/crc32c.hpp"
#include "libtrain/checkpoint/checkpoint.hpp"
#include "libtrain/checkpoint/run_folder.hpp"
#include "libtrain/core/rank_share.hpp"
#include "libtrain/data/sample_order.hpp"
#include "libtrain/data/sample_table.hpp"
#include "libtrain/evaluation.hpp"
#include "libtrain/loss/loss_scale.hpp"
#include "libtrain/metrics/thresholds.hpp"
#include "libtrain/optim/optimizer.hpp"
#include "libtrain/run_schedule.hpp"
#include "libtrain/run_setup.hpp"
#include "libtrain/sample_selection.hpp"
#include "libtrain/score_report.hpp"
#include "libtrain/train_step.hpp"

namespace eoshard::train {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

constexpr float kHalf[] = {kDefaultThreshold};

// Steps whose figures are not the same on every rank yet. With one step between synchronisations they are at once.
struct UnsettledSteps {
  double loss_sum = 0;
  std::int64_t steps = 0;
  bool is_stop_wanted = false;
};

class Trainer {
 public:
  Trainer(const TrainOptions& options, const TrainSetting& setting);

  void restore();
  bool is_done() const;
  bool train_epoch();  // false when stopped on request
  void evaluate_epoch();
  void save();
  std::string finish();

 private:
  std::vector<BatchRequest> epoch_requests() const;
  void take_step(BatchLoader& loader, Clock::time_point start, std::int64_t first_step);
  void show_step(double loss, double images_per_second, double input_wait_share) const;
  void settle_steps();
  void follow_loss_scale(bool has_overflow);
  void synchronise();
  bool is_synchronisation_due() const;
  void add_noise(const StepFigures& figures);
  Json noise_scale() const;
  void check_loss() const;
  void check_weights() const;
  [[noreturn]] void diverged(const std::string& what) const;
  EvaluationResult evaluate_split(const std::string& split, std::int64_t epoch, const char* weights = nullptr);
  Json at_better_thresholds(const EvaluationResult& result);
  Json by_column(const std::string& split, const EvaluationResult& result) const;
  void load_best_weights();
  void write_weights(const std::string& chosen_by, std::int64_t epoch);
  void on_root(const std::function<void()>& work) const;
  void write_line(const Json& line) const;
  void show_evaluation(const std::string& split, std::int64_t done, std::int64_t samples) const;
  void begin_phase();
  void tell_phase() const;
  void tell_left_out() const;
  Range own_share() const { return rank_share(plan_.micro_batches(), world_.rank(), world_.size()); }
  bool is_local() const { return local_steps_ > 1 && world_.size() > 1; }
  std::int64_t sample_count() const { return static_cast<std::int64_t>(samples_.size()); }
  bool is_augmented(const char* name) const;

  const TrainOptions& options_;
  const TrainSetting& setting_;
  const Communicator& world_;
  fs::path run_;
  OpenDataset dataset_;
  std::vector<std::int64_t> samples_;  // of the training split, that are learnt from
  Schedule schedule_;
  std::int64_t last_step_;
  StepPlan plan_;                 // of the epoch that is under way
  std::int64_t local_steps_ = 1;  // in it
  InputTransform transform_;
  at::Device device_;
  std::unique_ptr<Collective> collective_, solo_;
  TrainingState state_;
  ForwardPass pass_;
  std::unique_ptr<TrainStep> step_;
  TrainingPosition position_;
  UnsettledSteps unsettled_;
  bool is_stop_wanted_ = false;
  Clock::time_point run_start_ = Clock::now();
  std::int64_t images_wanted_ = 0, images_taken_ = 0;  // by this process, from where it began
};

std::vector<std::int64_t> select_together(const TrainOptions& options, const OpenDataset& dataset,
                                          const Communicator& world) {
  std::vector<std::int64_t> samples;
  world.agree([&] { samples = select_samples(options, dataset.split("train")); });
  return samples;
}

Trainer::Trainer(const TrainOptions& options, const TrainSetting& setting)
    : options_(options),
      setting_(setting),
      world_(setting.world),
      run_(options.out),
      dataset_(open_for_training(options, world_)),
      samples_(select_together(options, dataset_, world_)),
      schedule_(make_schedule(options, sample_count())),
      last_step_(count_steps(options, schedule_)),
      transform_(dataset_.input, PixelLayout::channels_last),
      device_(choose_device(options, world_)),
      collective_(make_collective(world_, device_)),
      solo_(make_solo_collective()),
      state_(make_initial_network(options, dataset_, world_, setting.log), device_, update_rules(options)),
      pass_{state_.network(), dataset_.input, dataset_.task, device_, parse_precision(options.precision)} {}

void Trainer::tell_left_out() const {
  for (const auto& [name, split] : dataset_.splits) {
    if (split->samples() == split->stored_samples()) continue;
    setting_.log.info(fmt::format("{} of {} samples of {} carry no class of {} and are left out",
                                  split->stored_samples() - split->samples(), split->stored_samples(), name,
                                  options_.nomenclature));
  }
}

// Steps of the epoch that begins now; another batch needs another step.
void Trainer::begin_phase() {
  const StepPlan next = plan_epoch(options_, sample_count(), position_.epoch);
  const std::int64_t next_local_steps = options_.local_steps.at(position_.epoch);
  const bool is_same = step_ != nullptr && next == plan_ && next_local_steps == local_steps_;
  plan_ = next;
  local_steps_ = next_local_steps;
  if (is_same) return;
  if (world_.is_root()) tell_phase();
  step_ = std::make_unique<EagerTrainStep>(
      state_, pass_, dataset_.split("train"), is_local() ? *solo_ : *collective_,
      StepOptions{plan_, own_share(), is_local(), loss_options(options_, dataset_, device_), options_.mixup_alpha,
                  options_.seed});
}

void Trainer::tell_phase() const {
  if (const std::int64_t rest = plan_.samples % plan_.batch_size; rest > 0) {
    setting_.log.info(fmt::format("{} samples in steps of {}: the last {} of every epoch's order are left out",
                                  plan_.samples, plan_.batch_size, rest));
  }
  if (local_steps_ == 1) return;
  setting_.log.info(
      world_.size() == 1
          ? "--local-steps changes nothing on one rank"
          : fmt::format("from epoch {} on each of {} ranks takes {} steps by itself between averages of the weights "
                        "(--local-steps): they depend on the number of ranks",
                        position_.epoch + 1, world_.size(), local_steps_));
}

bool Trainer::is_augmented(const char* name) const { return std::ranges::count(options_.augment, name) > 0; }

void Trainer::on_root(const std::function<void()>& work) const {
  world_.agree([&] {
    if (world_.is_root()) work();
  });
}

// The root prepares the folder and reads the newest checkpoint; the others get both from it.
void Trainer::restore() {
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
  });
  position_ = position_from_json(world_.broadcast(position_to_json(position_)));
  state_.broadcast(*collective_);
  images_wanted_ = count_images(options_, schedule_, position_.step, last_step_);
  run_start_ = Clock::now();
  if (world_.is_root()) tell_left_out();
}

bool Trainer::is_done() const {
  const std::int64_t patience = options_.early_stop_patience;
  const bool is_stuck = patience > 0 && position_.best_epoch > 0 && position_.epoch - position_.best_epoch >= patience;
  return is_stuck || schedule_.clock.first_step_of(position_.epoch) >= last_step_;
}

// This rank's micro-batches of all steps that the epoch still has.
std::vector<BatchRequest> Trainer::epoch_requests() const {
  const bool is_flipped = is_augmented("flip"), is_turned = is_augmented("rotate90");
  const std::vector<std::int64_t> order = sample_order(plan_.samples, options_.seed, position_.epoch);
  const Range share = own_share();
  std::vector<BatchRequest> requests;
  for (std::int64_t step = position_.step_in_epoch; step < plan_.steps(); ++step) {
    for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
      const Range positions = plan_.positions(step, micro_batch);
      BatchRequest request;
      for (std::int64_t position = positions.first; position < positions.last; ++position) {
        const std::int64_t sample = samples_[static_cast<std::size_t>(order[static_cast<std::size_t>(position)])];
        request.push_back({sample, draw_orientation(is_flipped, is_turned, options_.seed, position_.epoch, sample)});
      }
      requests.push_back(std::move(request));
    }
  }
  return requests;
}

bool Trainer::train_epoch() {
  begin_phase();
  state_.begin_training();
  const auto start = Clock::now();
  const std::int64_t first_step = position_.step;
  BatchLoader loader(dataset_.split("train"), transform_, dataset_.input.values(), epoch_requests(),
                     {static_cast<int>(options_.loader_threads), 3});
  while (!is_stop_wanted_ && position_.step_in_epoch < plan_.steps() && position_.step < last_step_) {
    take_step(loader, start, first_step);
  }
  check_weights();
  if (is_stop_wanted_) {
    save();
    return false;
  }
  const double seconds = seconds_since(start);
  const double images = static_cast<double>((position_.step - first_step) * plan_.batch_size);
  write_line({{"epoch", position_.epoch + 1},
              {"split", "train"},
              {"step", position_.step},
              {"loss", position_.loss_sum / static_cast<double>(position_.step_in_epoch)},
              {"batch_size", plan_.batch_size},
              {"gradient_noise_scale", noise_scale()},
              {"images_per_second", images / seconds},
              {"input_wait_share", loader.wait_s() / seconds},
              {"learning_rate", learning_rate(schedule_, position_.step - 1)}});
  return true;
}

void Trainer::take_step(BatchLoader& loader, Clock::time_point start, std::int64_t first_step) {
  const double rate = learning_rate(schedule_, position_.step);
  const StepFigures figures =
      step_->run(loader, {position_.step, position_.epoch, rate, position_.loss_scale, setting_.is_stop_requested()});
  ++position_.step;
  ++position_.step_in_epoch;
  ++unsettled_.steps;
  unsettled_.loss_sum += figures.loss;
  unsettled_.is_stop_wanted |= figures.is_stop_wanted;
  if (pass_.precision == Precision::fp16) follow_loss_scale(figures.has_overflow);
  if (!figures.has_overflow) add_noise(figures);
  if (!is_local() || is_synchronisation_due()) settle_steps();
  images_taken_ += plan_.batch_size;
  const double seconds = seconds_since(start);
  const double images = static_cast<double>((position_.step - first_step) * plan_.batch_size);
  show_step(figures.loss, images / seconds, loader.wait_s() / seconds);
}

// Time left is that of the run, by all that this process has done so far: evaluations and checkpoints included.
void Trainer::show_step(double loss, double images_per_second, double input_wait_share) const {
  const double speed = static_cast<double>(images_taken_) / seconds_since(run_start_);
  const std::string note =
      fmt::format("step {}, loss {:.4f}, input wait {:.0f} %, run {} left", position_.step, loss,
                  100 * input_wait_share, duration_text(static_cast<double>(images_wanted_ - images_taken_) / speed));
  setting_.show_progress({fmt::format("epoch {}/{}", position_.epoch + 1, options_.epochs),
                          static_cast<std::uint64_t>(position_.step_in_epoch * plan_.batch_size),
                          static_cast<std::uint64_t>(plan_.steps() * plan_.batch_size), "images", note,
                          images_per_second});
}

void Trainer::follow_loss_scale(bool has_overflow) {
  constexpr double kLeast = 1.0 / 65536;
  LossScale scale{position_.loss_scale, position_.scale_steps};
  scale.follow(has_overflow);
  position_.loss_scale = scale.scale;
  position_.scale_steps = scale.good_steps;
  if (scale.scale < kLeast) diverged("gradients overflow float16 at any loss scale");
}

// Checkpoints and evaluation come at a synchronisation only, so that a run goes on as if it had never stopped.
bool Trainer::is_synchronisation_due() const {
  const bool is_end = position_.step_in_epoch == plan_.steps() || position_.step == last_step_;
  return is_end || position_.step_in_epoch % local_steps_ == 0;
}

void Trainer::settle_steps() {
  if (is_local()) synchronise();
  check_loss();
  is_stop_wanted_ = unsettled_.is_stop_wanted;
  position_.loss_sum += unsettled_.loss_sum;
  unsettled_ = {};
}

// Lin, Stich, Patel, Jaggi, "Don't use large mini-batches, use local SGD", ICLR 2020: weights and momenta become their
// means over ranks, each of which has followed its own share of the batches.
void Trainer::synchronise() {
  state_.average(*collective_);
  const double own[] = {unsettled_.loss_sum, unsettled_.is_stop_wanted ? 1.0 : 0.0};
  const std::vector<double> all = world_.all_gather(std::span<const double>(own));
  unsettled_.loss_sum = 0;
  for (std::size_t rank = 0; rank < all.size(); rank += 2) {
    unsettled_.loss_sum += all[rank] / world_.size();
    unsettled_.is_stop_wanted |= all[rank + 1] > 0;
  }
}

// Estimates of the true gradient's squared norm and of the noise, averaged apart over the epoch (McCandlish, Kaplan,
// Amodei, "An empirical model of large-batch training", 2018, appendix A.1).
void Trainer::add_noise(const StepFigures& figures) {
  if (plan_.micro_batches() == 1 || is_local()) return;
  const auto small = static_cast<double>(plan_.micro_batch_size), big = static_cast<double>(plan_.batch_size);
  position_.noise_sum += (figures.small_gradient - figures.big_gradient) / (1 / small - 1 / big);
  position_.signal_sum += (big * figures.big_gradient - small * figures.small_gradient) / (big - small);
}

Json Trainer::noise_scale() const {
  if (plan_.micro_batches() == 1 || position_.signal_sum == 0) return nullptr;
  return position_.noise_sum / position_.signal_sum;
}

// What is looked at is the same on every rank, so that all throw together.
void Trainer::diverged(const std::string& what) const {
  const fs::path checkpoint = newest_checkpoint_path(run_);
  throw Error(
      ErrorKind::input,
      fmt::format("{} in step {} (epoch {}) at learning rate {:.6g}; last good checkpoint: {}; try a lower "
                  "--learning-rate, a longer --warmup-epochs or --clip-gradient-norm, with --overwrite or in "
                  "another --out",
                  what, position_.step, std::floor(schedule_.clock.epoch_of(position_.step - 1)) + 1,
                  learning_rate(schedule_, position_.step - 1), checkpoint.empty() ? "none" : checkpoint.string()))
      .mark_agreed();
}

void Trainer::check_loss() const {
  if (!std::isfinite(unsettled_.loss_sum)) diverged(fmt::format("the loss became {}", unsettled_.loss_sum));
}

// Before weights are evaluated or saved: they are finite, and the same on every rank.
void Trainer::check_weights() const {
  const at::Tensor weights = state_.weights().to(at::kCPU);
  if (!std::isfinite(squared_norm(weights))) diverged("weights became infinite or no numbers");
  const std::span<const float> values(weights.const_data_ptr<float>(), static_cast<std::size_t>(weights.numel()));
  const std::uint32_t own[] = {ingest::crc32c(std::as_bytes(values))};
  const std::vector<std::uint32_t> all = world_.all_gather(std::span<const std::uint32_t>(own));
  const auto other = std::ranges::find_if(all, [&](std::uint32_t checksum) { return checksum != all.front(); });
  if (other == all.end()) return;
  throw Error(ErrorKind::internal, fmt::format("after step {} the weights of rank {} differ from those of rank 0",
                                               position_.step, other - all.begin()))
      .mark_agreed();
}

EvaluationResult Trainer::evaluate_split(const std::string& split, std::int64_t epoch, const char* weights) {
  state_.begin_evaluation();
  const std::int64_t samples = dataset_.split(split).samples();
  EvaluationOptions options;
  options.micro_batch_size = options_.micro_batch_size.at(0);
  options.loader_threads = static_cast<int>(options_.loader_threads);
  const std::int64_t ranks = world_.size();
  EvaluationResult result = evaluate(pass_, dataset_.split(split), transform_, options, world_, [&](std::int64_t done) {
    show_evaluation(split, std::min(samples, done * ranks), samples);
  });
  if (!std::isfinite(result.loss)) diverged(fmt::format("the loss on {} became {}", split, result.loss));
  Json line = {{"epoch", epoch}, {"split", split}, {"step", position_.step}};
  if (weights != nullptr) line["weights"] = weights;
  line["loss"] = result.loss;
  line.update(score_summary(result.table, kHalf));
  line["images_per_second"] = result.images_per_second;
  line["learning_rate"] = learning_rate(schedule_, std::max<std::int64_t>(0, position_.step - 1));
  write_line(line);
  return result;
}

// Ends the epoch: scores it on validation and keeps the weights when they are the best so far.
void Trainer::evaluate_epoch() {
  ++position_.epoch;
  position_.step_in_epoch = 0;
  position_.loss_sum = position_.noise_sum = position_.signal_sum = 0;
  if (!dataset_.has("validation")) return;
  const EvaluationResult result = evaluate_split("validation", position_.epoch);
  const double f1 = score(count_scores(result.table, kHalf)).micro.f1;
  if (f1 <= position_.best_f1_micro) return;
  position_.best_f1_micro = f1;
  position_.best_epoch = position_.epoch;
  on_root([&] {
    fs::create_directories(run_ / kCheckpointFolder);
    write_checkpoint(run_ / kBestName, {position_, state_.model_tensors(position_.step)});
  });
}

void Trainer::save() {
  on_root([&] { save_checkpoint(run_, {position_, state_.all_tensors(position_.step)}, options_.keep_checkpoints); });
}

void Trainer::write_line(const Json& line) const {
  on_root([&] { append_metrics(run_, line.dump()); });
}

void Trainer::show_evaluation(const std::string& split, std::int64_t done, std::int64_t samples) const {
  setting_.show_progress({split, static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(samples), "images", ""});
}

// --- the end
// ----------------------------------------------------------------------------------------------------------

void Trainer::load_best_weights() {
  on_root([&] { state_.load_model(read_checkpoint(run_ / kBestName).tensors); });
  state_.broadcast(*collective_);
}

void Trainer::write_weights(const std::string& chosen_by, std::int64_t epoch) {
  WeightsInfo info;
  info.model = is_script_file(options_.model) ? kScriptName : options_.model;
  info.stem = options_.stem;
  info.task = dataset_.manifest.task;
  info.bands = band_names(dataset_.input);
  info.classes = dataset_.classes;
  info.nomenclature = options_.nomenclature;
  for (const InputBand& band : dataset_.input.bands) {
    info.means.push_back(band.mean);
    info.standard_deviations.push_back(band.standard_deviation);
  }
  info.rows = dataset_.input.rows;
  info.columns = dataset_.input.columns;
  info.epoch = epoch;
  info.chosen_by = chosen_by;
  on_root([&] {
    if (is_script_file(options_.model)) {
      fs::copy_file(options_.model, run_ / kScriptName, fs::copy_options::overwrite_existing);
    }
    save_safetensors(run_ / kWeightsName, {state_.model_tensors(position_.step), {{"format", "pt"}}});
    write_file(run_ / kWeightsInfoName, weights_info_text(info), Durability::fsync);
  });
}

Json fields_of(const EvaluationResult& result, const std::vector<std::string>& classes) {
  Json fields = {{"loss", result.loss}};
  fields.update(score_details(result.table, kHalf, classes));
  fields["images_per_second"] = result.images_per_second;
  return fields;
}

// Scores at the thresholds that suit these weights on validation.
Json Trainer::at_better_thresholds(const EvaluationResult& result) {
  if (options_.threshold_sweep == "none" || !result.table.is_multi_label || !dataset_.has("validation")) return nullptr;
  const EvaluationResult validation = evaluate_split("validation", position_.epoch, "final");
  const std::vector<float> thresholds = find_thresholds(validation.table.scores, validation.table.labels,
                                                        validation.table.classes, options_.threshold_sweep == "class");
  Json fields = {{"thresholds", thresholds}};
  fields.update(score_summary(result.table, thresholds));
  return fields;
}

Json Trainer::by_column(const std::string& split, const EvaluationResult& result) const {
  if (options_.score_by.empty()) return nullptr;
  const std::vector<std::string> groups = read_sample_column(options_.data, dataset_.split(split), options_.score_by);
  return {{options_.score_by, scores_by_group(result.table, kHalf, groups)}};
}

// Scores the last and the best weights by validation on test, and writes the best (the last without validation).
std::string Trainer::finish() {
  const std::string split = dataset_.has("test") ? "test" : dataset_.has("validation") ? "validation" : "train";
  const bool has_best = position_.best_epoch > 0;
  const std::string chosen_by = has_best ? "best f1_micro on validation" : "last (no validation split)";
  const std::int64_t epoch = has_best ? position_.best_epoch : position_.epoch;
  const EvaluationResult last = evaluate_split(split, position_.epoch, "last");
  if (has_best) load_best_weights();
  write_weights(chosen_by, epoch);
  const EvaluationResult best = has_best ? evaluate_split(split, epoch, "best") : last;
  const Json swept = at_better_thresholds(best);
  std::string text;
  on_root([&] {
    Json json = {{"epoch", epoch}, {"split", split}, {"samples", best.table.samples()}};
    json.update(fields_of(best, dataset_.classes));
    json["steps"] = position_.step;
    json["ranks"] = world_.size();
    json["chosen_by"] = chosen_by;
    json["weights"] = (run_ / kWeightsName).string();
    json["at_better_thresholds"] = swept;
    json["by"] = by_column(split, best);
    json["last"] = {{"epoch", position_.epoch}};
    json["last"].update(fields_of(last, dataset_.classes));
    write_file(run_ / kResultName, json.dump(2) + "\n", Durability::fsync);
    text = json.dump();
  });
  return text;
}

}  // namespace

std::string describe_schedule(const TrainOptions& wanted, const Communicator& world) {
  const TrainOptions options = settle_options(wanted, world);
  const OpenDataset dataset = open_for_training(options, world);
  return schedule_table(options, static_cast<std::int64_t>(select_together(options, dataset, world).size()));
}

TrainOutcome train(const TrainOptions& wanted, const TrainSetting& setting) {
  const TrainOptions options = settle_options(wanted, setting.world);
  check_local_steps(options, setting.world);
  Trainer trainer(options, setting);
  trainer.restore();
  while (!trainer.is_done()) {
    if (!trainer.train_epoch()) return {};
    trainer.evaluate_epoch();
    trainer.save();
  }
  return {true, trainer.finish()};
}

}  // namespace eoshard::train
