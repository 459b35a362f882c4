#include "libtrain/core/openmp_waiting.hpp"

#include <algorithm>
#include <cstdlib>

namespace eoshard::train {
namespace {

// Rounds of libgomp's loop, of some 25 ns. On two cores ResNet-50's step reached its full speed between 10,000 and
// 100,000; at 1,000 there was no gain (docs/benchmarks.md).
constexpr const char* kSpinRounds = "50000";

}  // namespace

// Slurm writes "4(x2),1": tasks of this node's like come first, and nodes of a job are mostly alike.
int ranks_of_node(const std::function<const char*(const char*)>& variable) {
  for (const char* name : {"OMPI_COMM_WORLD_LOCAL_SIZE", "LOCAL_WORLD_SIZE", "SLURM_STEP_TASKS_PER_NODE"}) {
    const char* value = variable(name);
    if (value != nullptr && std::atoi(value) > 0) return std::atoi(value);
  }
  return 1;
}

int wanted_threads(const std::vector<std::string>& arguments) {
  static const std::string kOption = "--threads";
  int threads = 0;
  for (std::size_t index = 0; index < arguments.size(); ++index) {
    const std::string& word = arguments[index];
    if (word == kOption && index + 1 < arguments.size()) threads = std::atoi(arguments[index + 1].c_str());
    if (word.starts_with(kOption + "=")) threads = std::atoi(word.c_str() + kOption.size() + 1);
  }
  return std::max(0, threads);
}

// A mask of all cores is shared by the node's ranks; a smaller one is a rank's own.
EnvironmentSetting openmp_waiting(int threads, int ranks, const CoresOfRank& cores) {
  const int share = cores.own < cores.node ? cores.own : std::max(1, cores.own / ranks);
  const bool is_crowded = std::max(1, threads) > share || (cores.own == cores.node && ranks > cores.node);
  if (is_crowded) return {"OMP_WAIT_POLICY", "passive"};
  return {"GOMP_SPINCOUNT", kSpinRounds};
}

}  // namespace eoshard::train
