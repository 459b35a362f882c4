// Ranks that MPI connects.
#pragma once

#include <memory>

#include "libingest/mpi/rank_link.hpp"

namespace eoshard {

/// Over a duplicate of MPI_COMM_WORLD, so that our messages never meet those of another library. Collective.
std::unique_ptr<RankLink> link_by_mpi();

}  // namespace eoshard
