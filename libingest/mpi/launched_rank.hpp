// Ranks that no MPI launcher has started, but torchrun, a script that sets the same variables, or srun without PMI.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace eoshard {

struct LaunchedRank {
  int rank = 0;
  int size = 1;
  int local_rank = 0;   ///< among the ranks of its node
  std::string host;     ///< where rank 0 is
  int port = 0;         ///< on which it can be met
  bool is_met = false;  ///< somebody serves a store there already: torchrun's agent
  std::string attempt;  ///< which of torchrun's restarts this is
};

/// Value of an environment variable, or nullptr.
using Environment = std::function<const char*(const char*)>;

/// What RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT say, or Slurm's variables of a step. Nothing for a
/// single process, and where mpirun or a PMI has started this one. Under Slurm the host is the first of the step's
/// nodes, and the port follows from the job's and the step's numbers, unless MASTER_ADDR and MASTER_PORT are set.
/// @throws Error{usage} naming a variable that is missing or no number.
std::optional<LaunchedRank> rank_without_mpi(const Environment& environment);

/// Whether torchrun has started this process. It then inherits the variables of what started torchrun, as those of
/// Slurm's PMIx with `srun torchrun`.
bool is_started_by_torchrun(const Environment& environment);

/// First host of one of Slurm's lists: "node07" of "node[07-12,20],other3".
std::string first_host(const std::string& list);

}  // namespace eoshard
