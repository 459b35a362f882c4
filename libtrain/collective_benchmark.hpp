// Latency and bandwidth of the reductions that training can choose from, by message size (eoshard-train
// --benchmark-collectives).
#pragma once

#include <string>

#include "libingest/mpi/communicator.hpp"

namespace eoshard::train {

/// Sums vectors of 4 B to 64 MiB of float32 over all ranks: by the library's all-reduce (`fast`) and as the exact
/// reduction does (`exact`: exchange, sum, gather), over MPI; with `device` cuda over NCCL, and over MPI through pinned
/// memory. Returns one JSON object: ranks, device, and a row for each back end, reduction and size with latency_us
/// (median of the repeats of the slowest rank) and bus_gb_per_s = 2 (N - 1) / N · bytes / latency, which the links see
/// whatever the number of ranks N. Collective.
std::string benchmark_collectives(const Communicator& world, const std::string& device);

/// The same as a table for people.
std::string collectives_table(const std::string& json);

}  // namespace eoshard::train
