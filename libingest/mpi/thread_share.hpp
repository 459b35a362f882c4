// How many threads a rank may use without getting in the way of the other ranks of its node.
#pragma once

#include "libingest/mpi/communicator.hpp"

namespace eoshard {

/// Cores that this rank may run on (its affinity mask), divided by the ranks of the node that have the same mask; at
/// least 1. Collective. Right for ranks that the launcher bound to cores or sockets and for ranks that float.
int threads_per_rank(const Communicator& world);

}  // namespace eoshard
