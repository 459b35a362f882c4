// Collective over MPI, for tensors in host memory.
#pragma once

#include <memory>

#include "libtrain/dist/collective.hpp"

namespace eoshard::train {

std::unique_ptr<Collective> make_mpi_collective(const Communicator& world);

}  // namespace eoshard::train
