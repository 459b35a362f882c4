// Ranks that torchrun, srun without PMI or a script has started: a store over TCP connects them instead of MPI.
#pragma once

#include <memory>

#include "libingest/mpi/launched_rank.hpp"
#include "libingest/mpi/rank_link.hpp"

namespace eoshard::train {

/// Meets the other ranks at the launcher's address, where rank 0 serves the store unless the launcher does. Collective.
/// @throws Error{mpi} where nobody is met within five minutes.
std::unique_ptr<RankLink> link_by_launcher(const LaunchedRank& launched);

}  // namespace eoshard::train
