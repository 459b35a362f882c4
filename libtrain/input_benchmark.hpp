// How fast the input pipeline is by itself, without a network.
#pragma once

#include <string>

#include "libtrain/trainer.hpp"

namespace eoshard::train {

/// Reads the chosen samples of the training split in shuffled order on wanted.loader_threads threads of this rank, as
/// training does, until each measurement has taken five seconds; a first pass that warms the page cache does not count.
/// Returns one JSON object: raw_images_per_second (decoded, on their stored grids) and transformed_images_per_second
/// (upsampled, normalised, flipped batches, in bfloat16 where training with these options reads them so, else in
/// float32), with what they were measured on. One rank alone.
/// @throws Error{usage} with several ranks, Error{input} as training does.
std::string benchmark_input(const TrainOptions& wanted, const TrainSetting& setting);

}  // namespace eoshard::train
