#include "tools/eoshard-train/train_configuration.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/mpi/root_text.hpp"
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

// A value as the command line would have it, one text for each of a list.
std::vector<std::string> texts_of(const nlohmann::json& value) {
  std::vector<std::string> texts;
  for (const nlohmann::json& one : value.is_array() ? value : nlohmann::json::array({value}))
    texts.push_back(one.is_string() ? one.get<std::string>() : one.dump());
  return texts;
}

void check_value(CLI::Option& option, const std::string& text) {
  for (int number = 0;; ++number) {
    const CLI::Validator* check = nullptr;
    try {
      check = option.get_validator(number);
    } catch (const CLI::OptionNotFound&) {  // there are no more
      return;
    }
    const std::string complaint = (*check)(text);
    if (!complaint.empty()) throw Error(ErrorKind::usage, fmt::format("{}: {}", option.get_name(), complaint));
  }
}

// Of what the command line leaves to a file.
void check_values(const CommandLine& line, const nlohmann::json& options) {
  for (const auto& [field, option] : line.declared) {
    if (option->count() > 0 || !options.contains(field)) continue;
    for (const std::string& text : texts_of(options.at(field))) check_value(*option, text);
  }
}

TrainOptions read_json(const CommandLine& line, const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  const auto options = json.value("options", json);
  TrainOptions base = options_from_json(options.dump());
  check_values(line, options);
  base.out.clear();
  return overlay_options(base, line.options, given_fields(line));
}

TrainOptions read_config(CommandLine& line, const std::string& text) {
  try {
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

// What the files of a command line hold; empty where there is none.
struct FileTexts {
  std::string options;        // of --config, or of the run of --resume
  std::string evaluated_run;  // config.json of the run of --evaluate
};

TrainOptions options_of_run(const std::filesystem::path& run, const std::string& text) {
  return with_context((run / kConfigName).string(), [&] { return parse_configuration(text).options; });
}

std::string dataset_of_run(const std::filesystem::path& run, const std::string& text) {
  if (text.empty()) {
    throw Error(ErrorKind::usage,
                fmt::format("--evaluate: there is no run in {}, it has no {}", run.string(), kConfigName));
  }
  return options_of_run(run, text).data;
}

std::string read_options_text(const CommandLine& line) {
  if (!line.resume.empty()) {
    if (inspect_run(line.resume) == RunState::absent) {
      throw Error(ErrorKind::usage, fmt::format("--resume: there is no run in {}", line.resume));
    }
    return read_text_file(std::filesystem::path(line.resume) / kConfigName);
  }
  if (line.config.empty()) return "";
  try {
    return read_text_file(line.config);
  } catch (const Error& error) {
    throw Error(ErrorKind::usage, error.what());
  }
}

std::string read_evaluated_text(const CommandLine& line) {
  const std::filesystem::path path = line.evaluation.run / kConfigName;
  const bool is_wanted = !line.evaluation.run.empty() && line.options.data.empty();
  return is_wanted && std::filesystem::exists(path) ? read_text_file(path) : "";
}

// The root's files stand for those of all ranks.
void check_same_files(const CommandLine& line, const Communicator& world) {
  const EvaluateRequest& evaluation = line.evaluation;
  const std::string own =
      fmt::format("--config '{}' --resume '{}' --evaluate '{}' --split '{}' --predictions '{}' --embeddings '{}'",
                  line.config, line.resume, evaluation.run.string(), evaluation.split, evaluation.predictions.string(),
                  evaluation.embeddings.string());
  const std::string there = world.broadcast(own);
  world.agree([&] {
    if (own == there) return;
    throw Error(ErrorKind::usage, fmt::format("rank {} was given other files than rank 0: {} there, {} here; start all "
                                              "ranks with one command line",
                                              world.rank(), there, own));
  });
}

TrainOptions options_of(CommandLine& line, const FileTexts& texts) {
  if (!line.resume.empty()) {
    TrainOptions options =
        overlay_options(options_of_run(line.resume, texts.options), line.options, given_fields(line));
    options.out = line.resume;
    return options;
  }
  TrainOptions options = line.config.empty() ? line.options : read_config(line, texts.options);
  const bool is_evaluation = !line.evaluation.run.empty();
  if (options.data.empty() && is_evaluation) {
    options.data = dataset_of_run(line.evaluation.run, texts.evaluated_run);
  }
  const bool is_benchmark = line.is_input_benchmark || line.is_step_benchmark;
  const bool has_folder = !options.out.empty() || line.is_schedule_wanted || is_benchmark || is_evaluation;
  if (options.data.empty()) throw Error(ErrorKind::usage, "--data is required");
  if (!has_folder) throw Error(ErrorKind::usage, "--out is required");
  return options;
}

}  // namespace

TrainOptions gather_options(CommandLine& line, const Communicator& world) {
  check_same_files(line, world);
  FileTexts texts;
  texts.options = read_at_root(world, [&] { return read_options_text(line); });
  texts.evaluated_run = read_at_root(world, [&] { return read_evaluated_text(line); });
  TrainOptions options;
  world.agree([&] {
    check_evaluation(line);
    options = options_of(line, texts);
  });
  return options;
}

bool is_device_given(const CommandLine& line) {
  const bool is_whole = line.config.ends_with(".json") || !line.resume.empty();  // every option has a value there
  return is_whole || std::ranges::count(given_fields(line), "device") > 0;
}

bool is_device_in_files(const CommandLine& line) {
  const std::vector<std::string> given = given_fields(line);
  return !(line.config.empty() && line.resume.empty()) && std::ranges::count(given, "device") == 0;
}

}  // namespace eoshard::train
