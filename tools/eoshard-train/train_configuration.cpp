#include "tools/eoshard-train/train_configuration.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libtrain/checkpoint/run_folder.hpp"
#include "libtrain/core/nearest_name.hpp"

namespace eoshard::train {
namespace {

std::vector<std::string> given_fields(const CommandLine& line) {
  std::vector<std::string> given;
  for (const auto& [field, option] : line.declared) {
    if (option->count() > 0) given.push_back(field);
  }
  return given;
}

// A value that does not fit leaves the option as if it had not been given, for the file may be read once more.
void set_option(CLI::Option& option, const std::vector<std::string>& values) {
  try {
    option.add_result(values);
    option.run_callback();
  } catch (const CLI::Error&) {
    option.clear();
    throw;
  }
}

// Fills in what a TOML file says of options that the command line leaves out.
void read_toml(CommandLine& line, const std::string& text) {
  const std::vector<std::string> given = given_fields(line);
  std::istringstream stream(text);
  for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(stream)) {
    if (!item.parents.empty()) {
      throw Error(ErrorKind::usage, fmt::format("{}: options stand in no section; take [{}] away", line.config,
                                                fmt::join(item.parents, ".")));
    }
    std::string field = item.name;
    std::replace(field.begin(), field.end(), '-', '_');
    const auto found = std::ranges::find(line.declared, field, [](const auto& one) { return one.first; });
    if (found == line.declared.end()) {
      std::string nearest = nearest_name(field, option_names());
      std::replace(nearest.begin(), nearest.end(), '_', '-');
      throw Error(ErrorKind::usage,
                  fmt::format("{}: unknown option '{}'; the nearest is '{}'", line.config, item.name, nearest));
    }
    if (std::ranges::count(given, field) > 0) continue;
    set_option(*found->second, item.inputs);
  }
}

TrainOptions read_json(const CommandLine& line, const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  TrainOptions base = options_from_json(json.value("options", json).dump());
  base.out.clear();
  return overlay_options(base, line.options, given_fields(line));
}

TrainOptions read_config(CommandLine& line) {
  try {
    const std::string text = read_text_file(line.config);
    if (line.config.ends_with(".json")) return read_json(line, text);
    read_toml(line, text);
    return line.options;
  } catch (const std::exception& error) {  // of the parsers, and of what does not fit an option
    const std::string what = error.what();
    const bool is_named = what.find(line.config) != std::string::npos;
    throw Error(ErrorKind::usage, is_named ? what : fmt::format("{}: {}", line.config, what));
  }
}

// Without --evaluate these would go unheeded.
void check_evaluation(const CommandLine& line) {
  const EvaluateRequest& wanted = line.evaluation;
  const bool is_asked = !wanted.predictions.empty() || !wanted.embeddings.empty();
  if (is_asked && wanted.run.empty()) {
    throw Error(ErrorKind::usage,
                "--predictions and --embeddings are of --evaluate: train first, then eoshard-train --evaluate RUN");
  }
}

std::string dataset_of_run(const std::filesystem::path& run) {
  if (!std::filesystem::exists(run / kConfigName)) {
    throw Error(ErrorKind::usage,
                fmt::format("--evaluate: there is no run in {}, it has no {}", run.string(), kConfigName));
  }
  return read_configuration(run).options.data;
}

}  // namespace

TrainOptions gather_options(CommandLine& line) {
  check_evaluation(line);
  if (line.resume.empty()) {
    TrainOptions options = line.config.empty() ? line.options : read_config(line);
    const bool is_evaluation = !line.evaluation.run.empty();
    if (options.data.empty() && is_evaluation) options.data = dataset_of_run(line.evaluation.run);
    const bool is_benchmark = line.is_input_benchmark || line.is_step_benchmark;
    const bool has_folder = !options.out.empty() || line.is_schedule_wanted || is_benchmark || is_evaluation;
    if (options.data.empty()) throw Error(ErrorKind::usage, "--data is required");
    if (!has_folder) throw Error(ErrorKind::usage, "--out is required");
    return options;
  }
  if (inspect_run(line.resume) == RunState::absent) {
    throw Error(ErrorKind::usage, fmt::format("--resume: there is no run in {}", line.resume));
  }
  TrainOptions options = overlay_options(read_configuration(line.resume).options, line.options, given_fields(line));
  options.out = line.resume;
  return options;
}

bool is_device_given(const CommandLine& line) {
  const bool is_whole = line.config.ends_with(".json") || !line.resume.empty();  // every option has a value there
  return is_whole || std::ranges::count(given_fields(line), "device") > 0;
}

}  // namespace eoshard::train
