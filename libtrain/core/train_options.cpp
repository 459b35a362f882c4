#include "libtrain/core/train_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "libingest/core/error.hpp"
#include "libingest/shard/crc32c.hpp"

namespace eoshard::train {
namespace {

using Json = nlohmann::ordered_json;

// Calls visit(name, field) for every field, in the order in which config.json lists them.
template <class Options, class Visit>
void for_each_field(Options& options, Visit&& visit) {
  visit("data", options.data);
  visit("out", options.out);
  visit("model", options.model);
  visit("bands", options.bands);
  visit("epochs", options.epochs);
  visit("batch_size", options.batch_size);
  visit("micro_batch_size", options.micro_batch_size);
  visit("max_steps", options.max_steps);
  visit("optimizer", options.optimizer);
  visit("learning_rate", options.learning_rate);
  visit("momentum", options.momentum);
  visit("nesterov", options.nesterov);
  visit("weight_decay", options.weight_decay);
  visit("warmup_epochs", options.warmup_epochs);
  visit("warmup_start_factor", options.warmup_start_factor);
  visit("schedule", options.schedule);
  visit("milestones", options.milestones);
  visit("gamma", options.gamma);
  visit("augment", options.augment);
  visit("precision", options.precision);
  visit("device", options.device);
  visit("seed", options.seed);
  visit("threads", options.threads);
  visit("loader_threads", options.loader_threads);
  visit("keep_checkpoints", options.keep_checkpoints);
}

// Where a run's files lie, how many threads work and how much is kept do not change what is computed.
constexpr std::array<std::string_view, 5> kCircumstances = {"data", "out", "threads", "loader_threads",
                                                            "keep_checkpoints"};

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

TrainOptions from_json(const Json& json) {
  TrainOptions options;
  const Json known = to_json(options);
  for (const auto& [name, value] : json.items()) {
    if (!known.contains(name)) throw Error(ErrorKind::input, fmt::format("unknown option '{}'", name));
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

}  // namespace

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
  require(options.batch_size >= 1, "--batch-size must be at least 1");
  require_one_of("model", options.model, {"resnet18", "resnet50"});
  require_one_of("optimizer", options.optimizer, {"sgd"});
  require_one_of("schedule", options.schedule, {"multistep"});
  require_one_of("precision", options.precision, {"fp32", "bf16"});
  require_one_of("device", options.device, {"cpu", "cuda"});
  std::erase(options.augment, "none");
  for (const std::string& name : options.augment) require_one_of("augment", name, {"flip", "rotate90", "none"});
  require(!options.nesterov || options.momentum > 0, "--nesterov needs --momentum above 0; give --no-nesterov");
  if (options.micro_batch_size == 0) {
    options.micro_batch_size = largest_divisor(options.batch_size, kLargestDefaultMicroBatch);
  }
  require(options.micro_batch_size > 0 && options.batch_size % options.micro_batch_size == 0,
          fmt::format("--batch-size {} is not a multiple of --micro-batch-size {}", options.batch_size,
                      options.micro_batch_size));
  return options;
}

std::string experiment_json(const TrainOptions& options) { return experiment(options).dump(); }

std::string first_difference(const TrainOptions& there, const TrainOptions& here) {
  const Json theirs = experiment(there), ours = experiment(here);
  for (const auto& [name, value] : theirs.items()) {
    if (ours.at(name) != value) return fmt::format("{}: {} there, {} here", name, value.dump(), ours.at(name).dump());
  }
  return "";
}

std::string experiment_hash(const TrainOptions& options) {
  const std::string text = experiment_json(options);
  return fmt::format("{:08x}", ingest::crc32c(std::as_bytes(std::span(text))));
}

}  // namespace eoshard::train
