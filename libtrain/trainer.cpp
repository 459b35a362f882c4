#include "libtrain/trainer.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/cuda.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "libingest/core/version.hpp"
#include "libingest/mpi/thread_share.hpp"
#include "libtrain/checkpoint/checkpoint.hpp"
#include "libtrain/checkpoint/run_folder.hpp"
#include "libtrain/core/rank_share.hpp"
#include "libtrain/data/sample_order.hpp"
#include "libtrain/evaluation.hpp"
#include "libtrain/model/pretrained.hpp"
#include "libtrain/optim/flat_update.hpp"
#include "libtrain/run_schedule.hpp"
#include "libtrain/train_step.hpp"

namespace eoshard::train {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// --- what a run is made of
// --------------------------------------------------------------------------------------------

// A dataset as the network sees it. An empty split has no reader.
struct OpenDataset {
  ingest::DatasetManifest manifest;
  InputSpec input;
  Task task = Task::multi_label;
  std::map<std::string, std::unique_ptr<SplitReader>> splits;

  const SplitReader& split(const std::string& name) const { return *splits.at(name); }
  bool has(const std::string& name) const { return splits.contains(name); }
};

void check_fits(const OpenDataset& dataset, const TrainOptions& options) {
  if (!dataset.has("train"))
    throw Error(ErrorKind::input, fmt::format("{}: the training split is empty", options.data));
  const std::int64_t samples = dataset.split("train").samples();
  for (const std::int64_t epoch : options.batch_size.epochs()) {
    if (options.batch_size.at(epoch) <= samples) continue;
    throw Error(ErrorKind::usage, fmt::format("--batch-size {} is larger than the training split of {} samples",
                                              options.batch_size.at(epoch), samples));
  }
  if (std::ranges::count(options.augment, "rotate90") > 0 && dataset.input.rows != dataset.input.columns) {
    throw Error(ErrorKind::usage, fmt::format("--augment rotate90 needs square images; these are {} x {}",
                                              dataset.input.rows, dataset.input.columns));
  }
}

OpenDataset open_dataset(const TrainOptions& options) {
  OpenDataset dataset;
  dataset.manifest = ingest::read_manifest(options.data);
  ingest::require_zarr(dataset.manifest, options.data);
  if (dataset.manifest.classes.empty()) {
    throw Error(ErrorKind::input, fmt::format("{}: the dataset was made without labels to learn from", options.data));
  }
  if (dataset.manifest.split("train").samples == 0) check_fits(dataset, options);
  dataset.input = make_input_spec(dataset.manifest, options.bands);
  dataset.task = parse_task(dataset.manifest.task);
  for (const ingest::Split& split : dataset.manifest.splits) {
    if (split.samples == 0) continue;
    dataset.splits[split.name] =
        std::make_unique<SplitReader>(options.data, dataset.manifest, split.name, dataset.input);
  }
  check_fits(dataset, options);
  return dataset;
}

at::Device choose_device(const TrainOptions& options, const Communicator::NodePlace& place) {
  if (options.device == "cpu") return at::kCPU;
  if (!is_built_with_cuda()) {
    throw Error(ErrorKind::usage,
                "--device cuda: this program was built without CUDA; use --device cpu, or build with EOSHARD_CUDA=ON");
  }
  const auto devices = static_cast<int>(torch::cuda::device_count());
  if (devices == 0) throw Error(ErrorKind::usage, "--device cuda: no GPU is to be seen here; use --device cpu");
  return {at::kCUDA, static_cast<at::DeviceIndex>(place.rank % devices)};
}

std::unique_ptr<Network> make_initial_network(const TrainOptions& options, const OpenDataset& dataset, const Log& log) {
  NetworkOptions wanted;
  wanted.name = options.model;
  wanted.bands = static_cast<std::int64_t>(dataset.input.bands.size());
  wanted.classes = static_cast<std::int64_t>(dataset.manifest.classes.size());
  wanted.rows = dataset.input.rows;
  wanted.columns = dataset.input.columns;
  wanted.dropout = options.dropout;
  wanted.stochastic_depth = options.stochastic_depth;
  wanted.has_small_stem = options.stem == "small";
  std::unique_ptr<Network> network = make_network(wanted, options.seed);
  if (options.init.empty()) return network;
  const PretrainedRules rules{options.init_first_conv == "skip" ? FirstConvolution::skip : FirstConvolution::average,
                              options.init_head == "keep"};
  const TensorFile weights = load_safetensors(options.init);
  const std::vector<std::string> skipped =
      with_context(options.init, [&] { return load_pretrained(*network, weights.tensors, rules); });
  log.info(fmt::format("weights of {}, but for {}", options.init,
                       skipped.empty() ? "nothing" : fmt::format("{}", fmt::join(skipped, ", "))));
  return network;
}

UpdateRules update_rules(const TrainOptions& options) {
  UpdateRules rules;
  rules.options.rule = parse_update_rule(options.optimizer);
  rules.options.momentum = options.momentum;
  rules.options.nesterov = options.nesterov;
  rules.options.beta1 = options.beta1;
  rules.options.beta2 = options.beta2;
  rules.options.epsilon = options.epsilon;
  rules.options.trust = options.lars_trust;
  rules.options.is_rate_inside = options.optimizer == "lars" && options.lars_rate == "inside";
  rules.options.clip_norm = options.clip_gradient_norm;
  rules.options.ema_decay = options.ema_decay;
  rules.weight_decay = options.weight_decay;
  rules.is_linear_decayed = options.weight_decay_on == "conv+linear";
  rules.is_backbone_frozen = options.freeze == "backbone";
  return rules;
}

// --- a run
// ------------------------------------------------------------------------------------------------------------

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
  void take_step(BatchLoader& loader);
  void check_loss(double loss, double rate) const;
  EvaluationResult evaluate_split(const std::string& split, std::int64_t epoch);
  void load_best_weights();
  void write_weights(const std::string& chosen_by, std::int64_t epoch);
  void on_root(const std::function<void()>& work) const;
  void write_line(const Json& line) const;
  void show(const std::string& step, std::int64_t done, std::int64_t total, const std::string& note) const;
  void begin_phase();
  bool is_augmented(const char* name) const;

  const TrainOptions& options_;
  const TrainSetting& setting_;
  const Communicator& world_;
  fs::path run_;
  OpenDataset dataset_;
  Schedule schedule_;
  std::int64_t last_step_;
  StepPlan plan_;  // of the epoch that is under way
  InputTransform transform_;
  at::Device device_;
  std::unique_ptr<Collective> collective_;
  TrainingState state_;
  ForwardPass pass_;
  std::unique_ptr<TrainStep> step_;
  TrainingPosition position_;
  bool is_stop_wanted_ = false;
};

OpenDataset open_together(const TrainOptions& options, const Communicator& world) {
  OpenDataset dataset;
  world.agree([&] { dataset = open_dataset(options); });
  return dataset;
}

std::unique_ptr<Network> make_network_together(const TrainOptions& options, const OpenDataset& dataset,
                                               const TrainSetting& setting) {
  std::unique_ptr<Network> network;
  setting.world.agree([&] { network = make_initial_network(options, dataset, setting.log); });
  return network;
}

at::Device choose_together(const TrainOptions& options, const Communicator& world) {
  const Communicator::NodePlace place = world.node_place();
  at::Device device = at::kCPU;
  world.agree([&] { device = choose_device(options, place); });
  return device;
}

Trainer::Trainer(const TrainOptions& options, const TrainSetting& setting)
    : options_(options),
      setting_(setting),
      world_(setting.world),
      run_(options.out),
      dataset_(open_together(options, world_)),
      schedule_(make_schedule(options, dataset_.split("train").samples())),
      last_step_(count_steps(options, schedule_)),
      transform_(dataset_.input, PixelLayout::channels_last),
      device_(choose_together(options, world_)),
      collective_(make_collective(world_, device_)),
      state_(make_network_together(options, dataset_, setting), device_, update_rules(options)),
      pass_{state_.network(), dataset_.input, dataset_.task, device_,
            options.precision == "bf16" ? Precision::bf16 : Precision::fp32} {}

// Steps of the epoch that begins now; a change of the micro-batches' number needs another tree to sum them in.
void Trainer::begin_phase() {
  const StepPlan next = plan_epoch(options_, dataset_.split("train").samples(), position_.epoch);
  const bool is_same = step_ != nullptr && next.micro_batches() == plan_.micro_batches();
  plan_ = next;
  if (is_same) return;
  step_ = std::make_unique<EagerTrainStep>(state_, pass_, dataset_.split("train"), *collective_, plan_.micro_batches(),
                                           options_.seed);
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
  on_root([&] {
    prepare_run(run_, {options_, dataset_checksum(options_.data), kVersion}, setting_.rules.is_overwritten,
                setting_.rules.must_exist);
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
}

bool Trainer::is_done() const { return schedule_.clock.first_step_of(position_.epoch) >= last_step_; }

// This rank's micro-batches of all steps that the epoch still has.
std::vector<BatchRequest> Trainer::epoch_requests() const {
  const bool is_flipped = is_augmented("flip"), is_turned = is_augmented("rotate90");
  const std::vector<std::int64_t> order = sample_order(plan_.samples, options_.seed, position_.epoch);
  const Range share = rank_share(plan_.micro_batches(), world_.rank(), world_.size());
  std::vector<BatchRequest> requests;
  for (std::int64_t step = position_.step_in_epoch; step < plan_.steps(); ++step) {
    for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
      const Range positions = plan_.positions(step, micro_batch);
      BatchRequest request;
      for (std::int64_t position = positions.first; position < positions.last; ++position) {
        const std::int64_t sample = order[static_cast<std::size_t>(position)];
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
  while (position_.step_in_epoch < plan_.steps() && position_.step < last_step_) {
    take_step(loader);
    if (!is_stop_wanted_) continue;
    save();
    return false;
  }
  const double images = static_cast<double>((position_.step - first_step) * plan_.batch_size);
  write_line({{"epoch", position_.epoch + 1},
              {"split", "train"},
              {"step", position_.step},
              {"loss", position_.loss_sum / static_cast<double>(position_.step_in_epoch)},
              {"images_per_second", images / seconds_since(start)},
              {"learning_rate", learning_rate(schedule_, position_.step - 1)}});
  return true;
}

void Trainer::take_step(BatchLoader& loader) {
  const double rate = learning_rate(schedule_, position_.step);
  const StepFigures figures = step_->run(loader, {position_.step, rate, setting_.is_stop_requested()});
  check_loss(figures.loss, rate);
  is_stop_wanted_ = figures.is_stop_wanted;
  ++position_.step;
  ++position_.step_in_epoch;
  position_.loss_sum += figures.loss;
  show(fmt::format("epoch {}/{}", position_.epoch + 1, options_.epochs), position_.step_in_epoch * plan_.batch_size,
       plan_.steps() * plan_.batch_size, fmt::format("loss {:.4f}", figures.loss));
}

// The loss is the same on every rank, so that all throw together.
void Trainer::check_loss(double loss, double rate) const {
  if (std::isfinite(loss)) return;
  const fs::path checkpoint = newest_checkpoint_path(run_);
  throw Error(
      ErrorKind::input,
      fmt::format("the loss became {} at step {} (epoch {}) with learning rate {:.6g}; last good checkpoint: {}; "
                  "try a lower --learning-rate or a longer --warmup-epochs in a new --out",
                  loss, position_.step, position_.epoch + 1, rate, checkpoint.empty() ? "none" : checkpoint.string()))
      .mark_agreed();
}

// What every report of an evaluation has (docs/metrics.md).
Json score_fields(const EvaluationResult& result, Task task) {
  const ClassificationScores& scores = result.scores;
  Json fields = {{"loss", result.loss},
                 {"f1_micro", scores.micro.f1},
                 {"f1_macro", scores.macro.f1},
                 {"precision_micro", scores.micro.precision},
                 {"recall_micro", scores.micro.recall},
                 {"precision_macro", scores.macro.precision},
                 {"recall_macro", scores.macro.recall}};
  if (task == Task::single_label) fields["accuracy"] = scores.accuracy;
  return fields;
}

EvaluationResult Trainer::evaluate_split(const std::string& split, std::int64_t epoch) {
  state_.begin_evaluation();
  const std::int64_t samples = dataset_.split(split).samples();
  EvaluationOptions options;
  options.micro_batch_size = options_.micro_batch_size.at(0);
  options.loader_threads = static_cast<int>(options_.loader_threads);
  const std::int64_t ranks = world_.size();
  const EvaluationResult result =
      evaluate(pass_, dataset_.split(split), transform_, options, world_,
               [&](std::int64_t done) { show(split, std::min(samples, done * ranks), samples, ""); });
  Json line = {{"epoch", epoch}, {"split", split}, {"step", position_.step}};
  line.update(score_fields(result, dataset_.task));
  line["images_per_second"] = result.images_per_second;
  line["learning_rate"] = learning_rate(schedule_, std::max<std::int64_t>(0, position_.step - 1));
  write_line(line);
  return result;
}

// Ends the epoch: scores it on validation and keeps the weights when they are the best so far.
void Trainer::evaluate_epoch() {
  ++position_.epoch;
  position_.step_in_epoch = 0;
  position_.loss_sum = 0;
  if (!dataset_.has("validation")) return;
  const EvaluationResult result = evaluate_split("validation", position_.epoch);
  if (result.scores.micro.f1 <= position_.best_f1_micro) return;
  position_.best_f1_micro = result.scores.micro.f1;
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

void Trainer::show(const std::string& step, std::int64_t done, std::int64_t total, const std::string& note) const {
  setting_.show_progress({step, static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total), "images", note});
}

// --- the end
// ----------------------------------------------------------------------------------------------------------

void Trainer::load_best_weights() {
  on_root([&] { state_.load_model(read_checkpoint(run_ / kBestName).tensors); });
  state_.broadcast(*collective_);
}

void Trainer::write_weights(const std::string& chosen_by, std::int64_t epoch) {
  Json means = Json::array(), deviations = Json::array();
  for (const InputBand& band : dataset_.input.bands) {
    means.push_back(band.mean);
    deviations.push_back(band.standard_deviation);
  }
  const Json info = {{"model", options_.model},
                     {"task", dataset_.manifest.task},
                     {"bands", band_names(dataset_.input)},
                     {"classes", dataset_.manifest.classes},
                     {"mean", means},
                     {"standard_deviation", deviations},
                     {"rows", dataset_.input.rows},
                     {"columns", dataset_.input.columns},
                     {"epoch", epoch},
                     {"chosen_by", chosen_by}};
  on_root([&] {
    save_safetensors(run_ / kWeightsName, {state_.model_tensors(position_.step), {{"format", "pt"}}});
    write_file(run_ / kWeightsInfoName, info.dump(2) + "\n", Durability::fsync);
  });
}

Json class_scores(const ingest::DatasetManifest& manifest, const EvaluationResult& result) {
  Json rows = Json::array();
  for (std::size_t index = 0; index < manifest.classes.size(); ++index) {
    const PrecisionRecall& score = result.scores.per_class[index];
    rows.push_back({{"name", manifest.classes[index]},
                    {"precision", score.precision},
                    {"recall", score.recall},
                    {"f1", score.f1},
                    {"support", result.counts.classes[index].support}});
  }
  return rows;
}

// Scores the best weights (the last without validation) on test, and writes them with the result.
std::string Trainer::finish() {
  const bool has_best = position_.best_epoch > 0;
  const std::string chosen_by = has_best ? "best f1_micro on validation" : "last (no validation split)";
  const std::int64_t epoch = has_best ? position_.best_epoch : position_.epoch;
  if (has_best) load_best_weights();
  write_weights(chosen_by, epoch);
  const std::string split = dataset_.has("test") ? "test" : dataset_.has("validation") ? "validation" : "train";
  const EvaluationResult result = evaluate_split(split, epoch);
  Json json = {{"epoch", epoch}, {"split", split}, {"samples", result.counts.samples}};
  json.update(score_fields(result, dataset_.task));
  json["per_class"] = class_scores(dataset_.manifest, result);
  json["images_per_second"] = result.images_per_second;
  json["steps"] = position_.step;
  json["ranks"] = world_.size();
  json["chosen_by"] = chosen_by;
  json["weights"] = (run_ / kWeightsName).string();
  on_root([&] { write_file(run_ / kResultName, json.dump(2) + "\n", Durability::fsync); });
  return json.dump();
}

// As in other OpenMP programs, the variable says how many threads a process takes; 0 when it is not set.
int omp_num_threads() {
  const char* value = std::getenv("OMP_NUM_THREADS");
  return value != nullptr ? std::max(0, std::atoi(value)) : 0;
}

// Threads are part of what is recorded: the convolutions' sums depend on their number. The dataset's folder is recorded
// as an absolute path, so that a run can be resumed from anywhere.
TrainOptions settle_options(TrainOptions options, const Communicator& world) {
  world.agree([&] { options = resolve_options(options); });
  const auto settle_path = [](std::string& path) { path = fs::absolute(path).lexically_normal().string(); };
  settle_path(options.data);
  if (is_script_file(options.model)) settle_path(options.model);
  if (!options.init.empty()) settle_path(options.init);
  const int own_share = threads_per_rank(world);  // collective: not to be skipped
  const int share = omp_num_threads() > 0 ? omp_num_threads() : own_share;
  if (options.threads == 0) options.threads = share;
  if (options.loader_threads == 0) options.loader_threads = options.device == "cpu" ? 1 : std::max(1, share - 1);
  at::set_num_threads(static_cast<int>(options.threads));
  return options;
}

}  // namespace

TrainOutcome train(const TrainOptions& wanted, const TrainSetting& setting) {
  const TrainOptions options = settle_options(wanted, setting.world);
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
