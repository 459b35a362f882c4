#include "tools/eoshard-train/slurm_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "libingest/core/error.hpp"
#include "tools/common/program.hpp"
#include "tools/eoshard-train/job_scripts.hpp"

namespace eoshard::train {
namespace {

// Replaces the one line of `script` that begins with `beginning`, by nothing where `line` is empty.
void replace_line(std::string& script, const std::string& beginning, const std::string& line) {
  const std::size_t at = script.find("\n" + beginning);
  if (at == std::string::npos) throw Error(ErrorKind::internal, "slurm/train.sh has no line " + beginning);
  const std::size_t end = script.find('\n', at + 1);
  script.replace(at, end - at, line.empty() ? "" : "\n" + line);
}

std::string quoted_path(const std::filesystem::path& path) {
  return quoted_arguments({std::filesystem::absolute(path).lexically_normal().string()});
}

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

// `name`'s value as the script repeats it: files, which the job looks for from another folder, by their full paths.
std::string repeated_value(const std::string& name, const std::string& value) {
  constexpr std::array<std::string_view, 3> kFiles = {"--config", "--init", "--resume"};
  const bool is_file = is_one_of(name, kFiles) || (name == "--model" && is_script_file(value));
  return is_file ? std::filesystem::absolute(value).lexically_normal().string() : value;
}

// Those of the command line that the script's OPTIONS repeats.
std::vector<std::string> repeated_arguments(const std::vector<std::string>& given) {
  constexpr std::array<std::string_view, 8> kElsewhere = {"--data",          "--out",  "--nodes",     "--gpus-per-node",
                                                          "--cpus-per-task", "--time", "--partition", "--account"};
  std::vector<std::string> kept;
  for (std::size_t at = 0; at < given.size(); ++at) {
    const std::size_t sign = given[at].find('=');
    const std::string name = given[at].substr(0, sign);
    const bool is_value_next = sign == std::string::npos && at + 1 < given.size();
    if (is_one_of(name, kElsewhere)) {
      if (is_value_next) ++at;
    } else if (name == "--print-slurm") {
      continue;
    } else if (sign != std::string::npos) {
      kept.push_back(name + "=" + repeated_value(name, given[at].substr(sign + 1)));
    } else {
      kept.push_back(name);
      if (is_value_next && repeated_value(name, given[at + 1]) != given[at + 1]) {
        kept.push_back(repeated_value(name, given[++at]));
      }
    }
  }
  return kept;
}

// Seconds of what sbatch's --time takes: minutes, minutes:seconds, hours:minutes:seconds, or days- before hours[:…].
std::int64_t seconds_of_time(const std::string& time) {
  const std::size_t dash = time.find('-');
  std::vector<std::int64_t> numbers;
  for (std::size_t at = dash == std::string::npos ? 0 : dash + 1; at <= time.size(); ++at) {
    numbers.push_back(std::stoll(time.substr(at)));
    at = std::min(time.find(':', at), time.size());
  }
  const bool has_hours = dash != std::string::npos || numbers.size() == 3;
  std::int64_t seconds = dash == std::string::npos ? 0 : std::stoll(time) * 24 * 3600, unit = has_hours ? 3600 : 60;
  for (const std::int64_t number : numbers) {
    seconds += number * unit;
    unit /= 60;
  }
  return seconds;
}

void check_time(const SlurmRequest& request) {
  constexpr std::int64_t kSignal_s = 120;  // of slurm/train.sh's --signal
  if (request.time.empty() || seconds_of_time(request.time) > kSignal_s) return;
  throw Error(ErrorKind::usage,
              fmt::format("--time {}: a job is asked to stop {} s before its limit, so this one would "
                          "be put back into the queue for ever; ask for more",
                          request.time, kSignal_s));
}

void replace_resources(std::string& script, const SlurmRequest& request) {
  const int gpus = request.gpus_per_node;
  const auto set = [&](const char* name, const auto& value) {
    replace_line(script, fmt::format("#SBATCH --{}=", name), fmt::format("#SBATCH --{}={}", name, value));
  };
  set("nodes", request.nodes);
  set("ntasks-per-node", std::max(1, gpus));
  if (gpus > 0) {
    set("gpus-per-node", gpus);
  } else {
    replace_line(script, "#SBATCH --gpus-per-node=", "");
  }
  if (request.cpus_per_task > 0) set("cpus-per-task", request.cpus_per_task);
  if (!request.time.empty()) set("time", request.time);
  std::string added = "#SBATCH --job-name=eoshard-train";
  if (!request.partition.empty()) added += "\n#SBATCH --partition=" + request.partition;
  if (!request.account.empty()) added += "\n#SBATCH --account=" + request.account;
  replace_line(script, "#SBATCH --job-name=", added);
}

}  // namespace

void choose_device(const SlurmRequest& request, TrainOptions& options) {
  const bool has_gpus = request.gpus_per_node > 0;
  if (has_gpus && !request.is_device_given) options.device = "cuda";
  if (has_gpus && options.device != "cuda") {
    throw Error(ErrorKind::usage, fmt::format("--print-slurm: --device {} would leave the GPUs of --gpus-per-node {} "
                                              "idle; leave out one of the two, or give --device cuda",
                                              options.device, request.gpus_per_node));
  }
  if (!has_gpus && options.device == "cuda") {
    throw Error(ErrorKind::usage, "--print-slurm: --device cuda needs --gpus-per-node");
  }
}

std::string idle_ranks(const SlurmRequest& request, const TrainOptions& options) {
  for (const std::int64_t epoch : switching_epochs({options.batch_size, options.micro_batch_size})) {
    const std::int64_t micro_batches = options.batch_size.at(epoch) / options.micro_batch_size.at(epoch);
    if (micro_batches >= request.tasks()) continue;
    return fmt::format(
        "of {} ranks {} would have nothing to do: a step of epoch {} has {} micro-batches; raise "
        "--batch-size, or lower --micro-batch-size",
        request.tasks(), request.tasks() - micro_batches, epoch + 1, micro_batches);
  }
  return "";
}

std::string slurm_script(const SlurmRequest& request, const TrainOptions& options,
                         const std::vector<std::string>& arguments, const std::filesystem::path& programs) {
  std::vector<std::string> repeated = repeated_arguments(arguments);
  if (request.gpus_per_node > 0 && !request.is_device_given) repeated.insert(repeated.end(), {"--device", "cuda"});
  check_time(request);
  std::string script = kTrainScript;
  const std::string_view path = " Submit: sbatch slurm/train.sh";  // of the script that this one is made from
  if (const std::size_t at = script.find(path); at != std::string::npos) script.erase(at, path.size());
  replace_resources(script, request);
  replace_line(script, "# Edit these three lines",
               fmt::format("EOSHARD_BIN=${{EOSHARD_BIN:-{}}}", quoted_path(programs)));
  replace_line(script, "DATA=", "DATA=" + quoted_path(options.data));
  replace_line(script, "OUT=", "OUT=" + quoted_path(options.out));
  replace_line(script, "OPTIONS=", "OPTIONS=(" + quoted_arguments(repeated) + ")");
  replace_line(script, "submitted=", "");
  replace_line(script, "source ", kJobFunctions);
  return script;
}

}  // namespace eoshard::train
