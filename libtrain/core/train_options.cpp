#include "libtrain/core/train_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "libingest/core/error.hpp"
#include "libingest/shard/crc32c.hpp"
#include "libtrain/core/nearest_name.hpp"

namespace eoshard::train {

// A plain number where it never changes.
void to_json(nlohmann::ordered_json& json, const EpochValues& values) {
  if (values.is_constant()) {
    json = values.at(0);
  } else {
    json = values.text();
  }
}

void from_json(const nlohmann::ordered_json& json, EpochValues& values) {
  values = json.is_number() ? EpochValues(json.get<std::int64_t>()) : EpochValues::parse(json.get<std::string>());
}

namespace {

using Json = nlohmann::ordered_json;

// Calls visit(name, field) for every field, in the order in which config.json lists them.
template <class Options, class Visit>
void for_each_field(Options& options, Visit&& visit) {
  visit("data", options.data);
  visit("out", options.out);
  visit("model", options.model);
  visit("bands", options.bands);
  visit("input", options.input);
  visit("upsample", options.upsample);
  visit("where", options.where);
  visit("subset_fraction", options.subset_fraction);
  visit("nomenclature", options.nomenclature);
  visit("dropout", options.dropout);
  visit("stochastic_depth", options.stochastic_depth);
  visit("stem", options.stem);
  visit("init", options.init);
  visit("init_first_conv", options.init_first_conv);
  visit("init_head", options.init_head);
  visit("freeze", options.freeze);
  visit("epochs", options.epochs);
  visit("batch_size", options.batch_size);
  visit("micro_batch_size", options.micro_batch_size);
  visit("local_steps", options.local_steps);
  visit("max_steps", options.max_steps);
  visit("optimizer", options.optimizer);
  visit("learning_rate", options.learning_rate);
  visit("scale_learning_rate", options.scale_learning_rate);
  visit("reference_batch_size", options.reference_batch_size);
  visit("rescale_at_switch", options.rescale_at_switch);
  visit("momentum", options.momentum);
  visit("nesterov", options.nesterov);
  visit("beta1", options.beta1);
  visit("beta2", options.beta2);
  visit("epsilon", options.epsilon);
  visit("lars_trust", options.lars_trust);
  visit("lars_rate", options.lars_rate);
  visit("weight_decay", options.weight_decay);
  visit("weight_decay_on", options.weight_decay_on);
  visit("clip_gradient_norm", options.clip_gradient_norm);
  visit("ema_decay", options.ema_decay);
  visit("warmup_epochs", options.warmup_epochs);
  visit("scale_warmup", options.scale_warmup);
  visit("warmup_start_factor", options.warmup_start_factor);
  visit("schedule", options.schedule);
  visit("milestones", options.milestones);
  visit("gamma", options.gamma);
  visit("power", options.power);
  visit("end_rate_factor", options.end_rate_factor);
  visit("augment", options.augment);
  visit("shuffle", options.shuffle);
  visit("shuffle_block", options.shuffle_block);
  visit("shuffle_window", options.shuffle_window);
  visit("mixup_alpha", options.mixup_alpha);
  visit("label_smoothing", options.label_smoothing);
  visit("class_weights", options.class_weights);
  visit("early_stop_patience", options.early_stop_patience);
  visit("threshold_sweep", options.threshold_sweep);
  visit("score_by", options.score_by);
  visit("precision", options.precision);
  visit("device", options.device);
  visit("tf32", options.tf32);
  visit("deterministic", options.deterministic);
  visit("step", options.step);
  visit("reduction", options.reduction);
  visit("wire", options.wire);
  visit("bucket_mb", options.bucket_mb);
  visit("seed", options.seed);
  visit("threads", options.threads);
  visit("loader_threads", options.loader_threads);
  visit("cache", options.cache);
  visit("skip_damaged", options.skip_damaged);
  visit("keep_checkpoints", options.keep_checkpoints);
  visit("checkpoint_every_steps", options.checkpoint_every_steps);
}

// Where a run's files lie, how many threads work, how much is kept and what is told at the end do not change what is
// computed.
constexpr std::array<std::string_view, 11> kCircumstances = {"bucket_mb",
                                                             "data",
                                                             "out",
                                                             "threads",
                                                             "loader_threads",
                                                             "cache",
                                                             "skip_damaged",
                                                             "keep_checkpoints",
                                                             "checkpoint_every_steps",
                                                             "threshold_sweep",
                                                             "score_by"};

Json to_json(const TrainOptions& options) {
  Json json = Json::object();
  for_each_field(options, [&](const char* name, const auto& field) { json[name] = field; });
  return json;
}

Json experiment(const TrainOptions& options) {
  Json json = to_json(options);
  for (const std::string_view name : kCircumstances) json.erase(std::string(name));
  return json;
}

std::string first_other_entry(const Json& theirs, const Json& ours) {
  for (const auto& [name, value] : theirs.items()) {
    if (ours.at(name) != value) return fmt::format("{}: {} there, {} here", name, value.dump(), ours.at(name).dump());
  }
  return "";
}

TrainOptions from_json(const Json& json) {
  TrainOptions options;
  const Json known = to_json(options);
  for (const auto& [name, value] : json.items()) {
    if (known.contains(name)) continue;
    throw Error(ErrorKind::input,
                fmt::format("unknown option '{}'; the nearest is '{}'", name, nearest_name(name, option_names())));
  }
  for_each_field(options, [&](const char* name, auto& field) {
    if (!json.contains(name)) return;
    try {
      field = json.at(name).template get<std::decay_t<decltype(field)>>();
    } catch (const nlohmann::json::exception&) {
      throw Error(ErrorKind::input, fmt::format("option '{}' cannot be {}", name, json.at(name).dump()));
    }
  });
  return options;
}

std::int64_t largest_divisor(std::int64_t value, std::int64_t limit) {
  std::int64_t divisor = std::min(value, limit);
  while (value % divisor != 0) --divisor;
  return divisor;
}

void require(bool is_met, const std::string& message) {
  if (!is_met) throw Error(ErrorKind::usage, message);
}

void require_one_of(const char* option, const std::string& value, std::initializer_list<std::string_view> choices) {
  const bool is_known = std::find(choices.begin(), choices.end(), value) != choices.end();
  require(is_known, fmt::format("--{}: '{}' is none of {}", option, value, fmt::join(choices, ", ")));
}

void resolve_model(TrainOptions& options) {
  const bool is_script = is_script_file(options.model);
  const bool is_own = options.dropout < 0 && options.stochastic_depth < 0 && options.stem == "standard";
  if (!is_script)
    require_one_of("model", options.model, {"resnet18", "resnet50", "efficientnet_b0", "a TorchScript file (.pt)"});
  require(!is_script || is_own, "--dropout, --stochastic-depth and --stem are what a TorchScript file decides itself");
  const bool is_efficientnet = options.model == "efficientnet_b0";
  require(is_efficientnet || options.stochastic_depth <= 0, "--stochastic-depth is for efficientnet_b0");
  for (const double share : {options.dropout, options.stochastic_depth}) {
    require(share >= 0 || share == -1, "--dropout and --stochastic-depth must be from 0 to 0.99, or -1");
  }
  if (is_script) return;
  if (options.dropout < 0) options.dropout = is_efficientnet ? 0.2 : 0;
  if (options.stochastic_depth < 0) options.stochastic_depth = is_efficientnet ? 0.2 : 0;
}

// Fills in the micro-batches that are left to us.
void resolve_batches(TrainOptions& options) {
  const EpochValues wanted = options.micro_batch_size;
  const bool is_automatic = wanted == EpochValues(0);
  for (const std::int64_t epoch : switching_epochs({options.batch_size, wanted})) {
    const std::int64_t batch = options.batch_size.at(epoch);
    require(batch >= 1, "--batch-size must be at least 1");
    const std::int64_t micro = is_automatic ? largest_divisor(batch, kLargestDefaultMicroBatch) : wanted.at(epoch);
    require(micro > 0 && batch % micro == 0,
            fmt::format("--batch-size {} is not a multiple of --micro-batch-size {}", batch, micro));
    if (is_automatic) options.micro_batch_size.set(epoch, micro);
  }
  for (const std::int64_t epoch : options.local_steps.epochs()) {
    require(options.local_steps.at(epoch) >= 1, "--local-steps must be at least 1");
  }
  require(options.local_steps == EpochValues(1) || options.precision != "fp16",
          "--local-steps: ranks by themselves have no common loss scale for --precision fp16; choose bf16 or fp32");
}

struct OptimizerDefaults {
  double beta1, beta2, epsilon, clip;
};

// torch's for AdamW, timm's for the others.
OptimizerDefaults defaults_of(const std::string& optimizer) {
  if (optimizer == "lamb") return {0.9, 0.999, 1e-6, 1};
  if (optimizer == "novograd") return {0.95, 0.98, 1e-8, 0};
  return {0.9, 0.999, 1e-8, 0};
}

void resolve_optimizer(TrainOptions& options) {
  require_one_of("optimizer", options.optimizer, {"sgd", "lars", "lamb", "novograd", "adamw"});
  require_one_of("lars-rate", options.lars_rate, {"outside", "inside"});
  require_one_of("weight-decay-on", options.weight_decay_on, {"conv", "conv+linear"});
  const bool has_momentum = options.optimizer == "sgd" || options.optimizer == "lars";
  require(!has_momentum || !options.nesterov || options.momentum > 0,
          "--nesterov needs --momentum above 0; give --no-nesterov");
  const OptimizerDefaults own = defaults_of(options.optimizer);
  if (options.beta1 == 0) options.beta1 = own.beta1;
  if (options.beta2 == 0) options.beta2 = own.beta2;
  if (options.epsilon == 0) options.epsilon = own.epsilon;
  require(options.clip_gradient_norm >= 0 || options.clip_gradient_norm == -1,
          "--clip-gradient-norm must be 0 or more, or -1");
  if (options.clip_gradient_norm < 0) options.clip_gradient_norm = own.clip;
  require(options.beta1 < 1 && options.beta2 < 1, "--beta1 and --beta2 must be below 1");
  require(options.ema_decay < 1, "--ema-decay must be below 1");
}

void resolve_reduction(TrainOptions& options) {
  require_one_of("reduction", options.reduction, {"auto", "exact", "fast"});
  require_one_of("wire", options.wire, {"fp32", "bf16"});
  require(options.bucket_mb > 0, "--bucket-mb must be above 0");
  const bool is_exact = options.device == "cpu" && options.wire == "fp32";
  if (options.reduction == "auto") options.reduction = is_exact ? "exact" : "fast";
  require(options.reduction == "fast" || options.wire == "fp32",
          "--reduction exact has the same bits on any number of ranks, which --wire bf16 has not; choose --reduction "
          "fast with it");
}

void check_schedule(const TrainOptions& options) {
  require_one_of("schedule", options.schedule, {"constant", "multistep", "polynomial", "cosine"});
  require_one_of("scale-learning-rate", options.scale_learning_rate, {"none", "linear", "sqrt"});
  require(options.reference_batch_size >= 1, "--reference-batch-size must be at least 1");
  require(!options.rescale_at_switch || options.scale_learning_rate != "none",
          "--rescale-at-switch needs --scale-learning-rate linear or sqrt");
}

}  // namespace

bool is_script_file(const std::string& model) { return model.ends_with(".pt"); }

std::vector<std::string> option_names() {
  std::vector<std::string> names;
  TrainOptions options;
  for_each_field(options, [&](const char* name, const auto&) { names.emplace_back(name); });
  return names;
}

std::string options_to_json(const TrainOptions& options) { return to_json(options).dump(2) + "\n"; }

TrainOptions options_from_json(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    if (!json.is_object()) throw Error(ErrorKind::input, "not a JSON object of options");
    return from_json(json);
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::input, fmt::format("not valid JSON: {}", error.what()));
  }
}

TrainOptions overlay_options(const TrainOptions& base, const TrainOptions& changes,
                             const std::vector<std::string>& names) {
  Json json = to_json(base);
  const Json changed = to_json(changes);
  for (const std::string& name : names) json[name] = changed.at(name);
  return from_json(json);
}

TrainOptions resolve_options(TrainOptions options) {
  require(options.epochs >= 1, "--epochs must be at least 1");
  require(options.subset_fraction > 0 && options.subset_fraction <= 1, "--subset-fraction must be above 0 and up to 1");
  require_one_of("stem", options.stem, {"standard", "small"});
  require_one_of("init-first-conv", options.init_first_conv, {"average", "skip"});
  require_one_of("init-head", options.init_head, {"skip", "keep"});
  require_one_of("class-weights", options.class_weights, {"none", "balanced"});
  require_one_of("threshold-sweep", options.threshold_sweep, {"none", "global", "class"});
  require_one_of("freeze", options.freeze, {"none", "backbone"});
  require_one_of("precision", options.precision, {"fp32", "bf16", "fp16"});
  require_one_of("device", options.device, {"cpu", "cuda"});
  require_one_of("step", options.step, {"eager", "graphed"});
  require(options.step == "eager" || options.device == "cuda",
          "--step graphed captures what a GPU does; with --device cpu choose --step eager");
  require_one_of("input", options.input, {"native", "super"});
  require_one_of("upsample", options.upsample, {"nearest", "bilinear", "bicubic"});
  require_one_of("shuffle", options.shuffle, {"global", "blocks"});
  require(options.shuffle_block >= 1 && options.shuffle_window >= 1,
          "--shuffle-block and --shuffle-window must be at least 1");
  require_one_of("cache", options.cache, {"none", "compressed", "decoded", "device"});
  require(options.cache != "device" || options.device == "cuda",
          "--cache device keeps samples on a GPU; with --device cpu choose --cache decoded");
  std::erase(options.augment, "none");
  for (const std::string& name : options.augment) require_one_of("augment", name, {"flip", "rotate90", "none"});
  resolve_model(options);
  resolve_batches(options);
  resolve_optimizer(options);
  resolve_reduction(options);
  check_schedule(options);
  return options;
}

std::string experiment_json(const TrainOptions& options) { return experiment(options).dump(); }

std::string first_difference(const TrainOptions& there, const TrainOptions& here) {
  return first_other_entry(experiment(there), experiment(here));
}

std::string first_other_field(const TrainOptions& there, const TrainOptions& here) {
  return first_other_entry(to_json(there), to_json(here));
}

std::string experiment_hash(const TrainOptions& options) {
  const std::string text = experiment_json(options);
  return fmt::format("{:08x}", ingest::crc32c(std::as_bytes(std::span(text))));
}

}  // namespace eoshard::train
