// Scores of a network on one split: every sample once, counts summed over ranks.
#pragma once

#include <cstdint>
#include <functional>

#include "libingest/core/progress.hpp"
#include "libtrain/data/batch_loader.hpp"
#include "libtrain/forward_pass.hpp"
#include "libtrain/metrics/classification.hpp"

namespace eoshard::train {

struct EvaluationOptions {
  std::int64_t micro_batch_size = 32;
  int loader_threads = 1;
  float threshold = 0.5F;  ///< of the probability from which a label counts as predicted
};

struct EvaluationResult {
  double loss = 0;  ///< mean over samples
  ClassificationCounts counts;
  ClassificationScores scores;
  double images_per_second = 0;
};

/// The network must be in evaluation mode. The loss is summed in the order of micro-batches, so that it is the same
/// for any number of ranks. Collective.
EvaluationResult evaluate(const ForwardPass& pass, const SplitReader& split, const InputTransform& transform,
                          const EvaluationOptions& options, const Communicator& world,
                          const std::function<void(std::int64_t)>& report_samples);

}  // namespace eoshard::train
