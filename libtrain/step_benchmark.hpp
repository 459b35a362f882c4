// How fast the network's arithmetic is by itself: steps without input, reduction or logging.
#pragma once

#include <string>

#include "libtrain/trainer.hpp"

namespace eoshard::train {

/// Takes steps as training does (forward, loss, backward, update), all on the first micro-batch of the run, which stays
/// on the device: wanted.max_steps of them, or for ten seconds where that is 0, behind a few that do not count.
/// Returns one JSON object: images_per_second, and what it was measured with. One rank alone.
/// @throws Error{usage} with several ranks, Error{input} as training does.
std::string benchmark_step(const TrainOptions& wanted, const TrainSetting& setting);

}  // namespace eoshard::train
