// How many cores this rank may use for computing, beside the other ranks of its node.
#pragma once

#include "libingest/mpi/communicator.hpp"

namespace eoshard::train {

/// Cores in this process's affinity mask, shared evenly with the ranks whose masks overlap it; at least 1. Collective.
int cpu_share(const Communicator& world);

}  // namespace eoshard::train
