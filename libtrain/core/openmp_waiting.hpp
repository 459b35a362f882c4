// How OpenMP's threads wait for the next parallel region: they spin for a while, then sleep. A network's step has
// thousands of regions with gaps of microseconds, so sleeping at once costs a third of the speed; but where threads
// outnumber cores, a thread that spins keeps one from working.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace eoshard::train {

struct CoresOfRank {
  int own;   // in the affinity mask
  int node;  // that are online
};

struct EnvironmentSetting {
  std::string name, value;
};

/// Ranks that the launcher started on this node, by the variables of Open MPI, torchrun or Slurm; 1 without them.
int ranks_of_node(const std::function<const char*(const char*)>& variable);

/// The value of --threads among the arguments; 0, as many as fit, where there is none.
int wanted_threads(const std::vector<std::string>& arguments);

/// The setting for a rank of so many threads: a bounded spin where all threads of the node's ranks have a core each,
/// else none. @param threads 0: as many as fit
EnvironmentSetting openmp_waiting(int threads, int ranks, const CoresOfRank& cores);

}  // namespace eoshard::train
