// Which positions of an epoch's order make up which micro-batch. Pure arithmetic.
#pragma once

#include <cstdint>

#include "libtrain/core/rank_share.hpp"

namespace eoshard::train {

/// Training: an epoch is whole steps of batch_size samples; the last incomplete one is dropped.
struct StepPlan {
  std::int64_t samples = 0;
  std::int64_t batch_size = 0;
  std::int64_t micro_batch_size = 0;

  std::int64_t steps() const { return samples / batch_size; }
  std::int64_t micro_batches() const { return batch_size / micro_batch_size; }  ///< in every step
  /// Positions in the epoch's order of micro-batch `micro_batch` of step `step` (both from 0).
  Range positions(std::int64_t step, std::int64_t micro_batch) const;
  bool operator==(const StepPlan&) const = default;
};

/// Evaluation: every sample once, in storage order; the last micro-batch may be ragged.
struct EvaluationPlan {
  std::int64_t samples = 0;
  std::int64_t micro_batch_size = 0;

  std::int64_t micro_batches() const { return (samples + micro_batch_size - 1) / micro_batch_size; }
  Range positions(std::int64_t micro_batch) const;
};

}  // namespace eoshard::train
