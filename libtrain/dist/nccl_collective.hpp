// Collective over NCCL, for tensors in GPU memory. Compiled only where CUDA and NCCL are to be had.
#pragma once

#include <memory>

#include "libtrain/dist/collective.hpp"

namespace eoshard::train {

/// The communicator's id is broadcast over `world`. Calls are queued on the device's current stream. Collective.
std::unique_ptr<Collective> make_nccl_collective(const Communicator& world, at::Device device);

}  // namespace eoshard::train
