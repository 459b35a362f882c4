#include "tools/eoshard-train/slurm_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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

// Those of the command line that the script's OPTIONS repeats.
std::vector<std::string> repeated_arguments(const std::vector<std::string>& given) {
  constexpr std::array<std::string_view, 4> kElsewhere = {"--data", "--out", "--nodes", "--gpus-per-node"};
  std::vector<std::string> kept;
  for (std::size_t at = 0; at < given.size(); ++at) {
    const std::string name = given[at].substr(0, given[at].find('='));
    const bool is_elsewhere = std::ranges::count(kElsewhere, name) > 0;
    if (!is_elsewhere && name != "--print-slurm") kept.push_back(given[at]);
    if (is_elsewhere && name == given[at]) ++at;  // its value
  }
  return kept;
}

}  // namespace

std::string slurm_script(const SlurmRequest& request, const TrainOptions& options,
                         const std::vector<std::string>& arguments, const std::filesystem::path& programs) {
  const int tasks = std::max(1, request.gpus_per_node);
  const bool has_gpus = request.gpus_per_node > 0;
  std::string script = kTrainScript;
  replace_line(script, "#SBATCH --nodes=", fmt::format("#SBATCH --nodes={}", request.nodes));
  replace_line(script, "#SBATCH --ntasks-per-node=", fmt::format("#SBATCH --ntasks-per-node={}", tasks));
  replace_line(script, "#SBATCH --gpus-per-node=", has_gpus ? fmt::format("#SBATCH --gpus-per-node={}", tasks) : "");
  replace_line(script, "# Edit these three lines",
               fmt::format("EOSHARD_BIN=${{EOSHARD_BIN:-{}}}", quoted_path(programs)));
  replace_line(script, "DATA=", "DATA=" + quoted_path(options.data));
  replace_line(script, "OUT=", "OUT=" + quoted_path(options.out));
  replace_line(script, "OPTIONS=", "OPTIONS=(" + quoted_arguments(repeated_arguments(arguments)) + ")");
  replace_line(script, "source ", kJobFunctions);
  return script;
}

}  // namespace eoshard::train
