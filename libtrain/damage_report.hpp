// Damaged samples that a run has skipped, told by all ranks together.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libingest/mpi/communicator.hpp"
#include "libtrain/data/split_reader.hpp"

namespace eoshard::train {

/// What any rank has found damaged in `split` so far: sample index and error. Collective.
std::map<std::int64_t, std::string> gather_damaged(const SplitReader& split, const Communicator& world);

/// The samples of a split of `count` that are not in `damaged`, in rising order.
std::vector<std::int64_t> whole_samples(std::int64_t count, const std::map<std::int64_t, std::string>& damaged);

}  // namespace eoshard::train
