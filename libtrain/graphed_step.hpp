// A step whose forward and backward pass is captured once as a CUDA graph, and its update as another, which are then
// replayed: two launches instead of hundreds. Compiled only where CUDA is to be had.
#pragma once

#include <memory>

#include "libtrain/train_step.hpp"

namespace eoshard::train {

/// Gives the same figures as EagerTrainStep, bit for bit where the GPU computes deterministically. The first
/// micro-batches are computed eagerly, until libraries have chosen their algorithms and have their memory, and so is
/// the first update; between ranks gradients are communicated between the two graphs, behind backward, not beside it.
/// The calling thread's current stream must not be the default one, now and in every run(). Arguments as for
/// EagerTrainStep.
/// @throws Error{usage} from run() where the network does what cannot be captured.
std::unique_ptr<TrainStep> make_graphed_step(TrainingState& state, const ForwardPass& pass, BatchPlacer& placer,
                                             Collective& collective, const StepOptions& options);

}  // namespace eoshard::train
