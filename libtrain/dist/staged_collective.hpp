// Collective for tensors in GPU memory over one for host memory: values go through pinned memory, as in MPI libraries
// that know nothing of GPUs.
#pragma once

#include <memory>

#include "libtrain/dist/collective.hpp"

namespace eoshard::train {

/// Takes over `host`, a collective of host memory. Every call waits for the device.
std::unique_ptr<Collective> make_staged_collective(std::unique_ptr<Collective> host);

}  // namespace eoshard::train
