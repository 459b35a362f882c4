#include "libtrain/checkpoint/run_folder.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "libingest/core/error.hpp"
#include "libingest/core/file.hpp"
#include "libingest/core/out_place.hpp"
#include "libingest/core/version.hpp"
#include "libingest/shard/crc32c.hpp"
#include "libingest/shard/dataset_manifest.hpp"
#include "libtrain/checkpoint/event_file.hpp"

namespace eoshard::train {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

void refuse(const std::string& message) { throw Error(ErrorKind::usage, message); }

void check_same_content(const fs::path& run, const char* option, const std::string& path, const std::string& there,
                        const std::string& here) {
  if (there == here) return;
  refuse(
      fmt::format("{} is an unfinished run that began with another content of {} {} (checksum {} there, {} here); put "
                  "that file back to go on, give --overwrite to start anew, or another --out",
                  run.string(), option, path, there, here));
}

std::string file_checksum_of(const fs::path& path) {
  const std::string text = read_text_file(path);
  return fmt::format("{:08x}", ingest::crc32c(std::as_bytes(std::span(text))));
}

void check_same_experiment(const fs::path& run, const RunConfiguration& wanted) {
  const RunConfiguration there = read_configuration(run);
  const std::string difference = first_difference(there.options, wanted.options);
  if (!difference.empty()) {
    refuse(
        fmt::format("{} is an unfinished run of another configuration ({}); give the same options to go on, "
                    "--overwrite to start anew, or another --out",
                    run.string(), difference));
  }
  if (there.dataset_checksum != wanted.dataset_checksum) {
    refuse(fmt::format("{} is an unfinished run on another dataset ({} has changed, or is not the one it began with)",
                       run.string(), wanted.options.data));
  }
  check_same_content(run, "--init", wanted.options.init, there.init_checksum, wanted.init_checksum);
  check_same_content(run, "--model", wanted.options.model, there.model_checksum, wanted.model_checksum);
  if (there.ranks != wanted.ranks) {
    refuse(
        fmt::format("{} is an unfinished run on {} ranks, which --local-steps makes part of the experiment; go on "
                    "with as many (not {}), give --overwrite to start anew, or another --out",
                    run.string(), there.ranks, wanted.ranks));
  }
}

void delete_run(const fs::path& run) {
  fs::remove(run / kResultName);  // first, so that no half-deleted run looks finished
  fs::remove_all(run / kCheckpointFolder);
  for (const char* name :
       {kMetricsName, kTraceName, kEventsName, kReportName, kWeightsName, kWeightsInfoName, kScriptName, kConfigName})
    fs::remove(run / name);
}

// The lines come last: they are what later ones are added to, so a failure leaves them as they were.
void write_metrics(const fs::path& run, const std::string& text) {
  write_file(run / kEventsName, event_file(text), Durability::rename_only);
  write_file(run / kMetricsName, text, Durability::rename_only);
}

}  // namespace

RunState inspect_run(const fs::path& run) {
  return with_out_place(run, [&] {
    if (!fs::exists(run)) return RunState::absent;
    if (!fs::is_directory(run)) throw Error(ErrorKind::input, fmt::format("{} is not a folder", run.string()));
    if (fs::exists(run / kConfigName)) return fs::exists(run / kResultName) ? RunState::finished : RunState::unfinished;
    if (fs::is_empty(run)) return RunState::absent;
    throw Error(ErrorKind::input, fmt::format("{} holds files but no run ({}); name another folder with --out",
                                              run.string(), kConfigName));
  });
}

RunConfiguration parse_configuration(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    return {options_from_json(json.at("options").dump()),
            json.at("dataset_checksum"),
            json.at("program_version"),
            json.value("init_checksum", ""),
            json.value("model_checksum", ""),
            json.value("ranks", 0)};
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::input, fmt::format("this is no run's configuration: {}", error.what()));
  }
}

RunConfiguration read_configuration(const fs::path& run) {
  const fs::path path = run / kConfigName;
  return with_context(path.string(), [&] { return parse_configuration(read_text_file(path)); });
}

void write_configuration(const fs::path& run, const RunConfiguration& configuration) {
  Json json = {{"program_version", configuration.program_version},
               {"dataset_checksum", configuration.dataset_checksum},
               {"experiment_hash", experiment_hash(configuration.options)}};
  if (!configuration.init_checksum.empty()) json["init_checksum"] = configuration.init_checksum;
  if (!configuration.model_checksum.empty()) json["model_checksum"] = configuration.model_checksum;
  if (configuration.ranks > 0) json["ranks"] = configuration.ranks;
  json["options"] = Json::parse(options_to_json(configuration.options));
  write_file(run / kConfigName, json.dump(2) + "\n", Durability::fsync);
}

RunConfiguration configure_run(const TrainOptions& options, int ranks) {
  RunConfiguration configuration;
  configuration.options = options;
  configuration.dataset_checksum = file_checksum_of(fs::path(options.data) / ingest::kManifestName);
  configuration.program_version = kVersion;
  if (!options.init.empty()) configuration.init_checksum = file_checksum_of(options.init);
  if (is_script_file(options.model)) configuration.model_checksum = file_checksum_of(options.model);
  if (options.local_steps != EpochValues(1)) configuration.ranks = ranks;
  return configuration;
}

void prepare_run(const fs::path& run, const RunConfiguration& wanted, bool is_overwritten, bool must_exist) {
  RunState state = inspect_run(run);
  if (must_exist && state == RunState::absent) refuse(fmt::format("--resume: there is no run in {}", run.string()));
  if (is_overwritten && state != RunState::absent) {
    delete_run(run);
    state = RunState::absent;
  }
  if (state == RunState::finished)
    refuse(fmt::format("{} is a finished run; give --overwrite to start anew", run.string()));
  if (state == RunState::unfinished) return check_same_experiment(run, wanted);
  with_out_place(run, [&] { fs::create_directories(run); });
  write_configuration(run, wanted);
}

void append_metrics(const fs::path& run, const std::string& line) {
  const fs::path path = run / kMetricsName;
  const std::string earlier = fs::exists(path) ? read_text_file(path) : "";
  Json json = Json::parse(line);
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  json["time"] = std::round(now.count() * 1000) / 1000;
  write_metrics(run, earlier + json.dump() + "\n");
}

void append_trace(const fs::path& run, const std::string& line) {
  std::ofstream file(run / kTraceName, std::ios::app);
  if (!(file << line << "\n" << std::flush))  // a full disk is met as the line goes to the system
    throw Error(ErrorKind::io, fmt::format("{} cannot be written", (run / kTraceName).string()));
}

void keep_metrics_up_to(const fs::path& run, std::int64_t epoch) {
  const fs::path path = run / kMetricsName;
  if (!fs::exists(path)) return;
  std::istringstream lines(read_text_file(path));
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded() || json.value("epoch", epoch + 1) > epoch) continue;
    if (json.contains("weights")) continue;  // scored again at the end of an unfinished run
    kept += line + "\n";
  }
  write_metrics(run, kept);
}

// A last line without its end was cut short by a crash.
void keep_trace_up_to(const fs::path& run, std::int64_t step) {
  const fs::path path = run / kTraceName;
  if (!fs::is_regular_file(path)) return;
  std::ifstream file(path);
  std::uintmax_t kept = 0;
  for (std::string line; std::getline(file, line) && !file.eof(); kept += line.size() + 1) {
    const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded() || json.value("step", step + 1) > step) break;
  }
  fs::resize_file(path, kept);
}

}  // namespace eoshard::train
