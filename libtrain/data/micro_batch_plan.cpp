#include "libtrain/data/micro_batch_plan.hpp"

#include <algorithm>

namespace eoshard::train {

Range StepPlan::positions(std::int64_t step, std::int64_t micro_batch) const {
  const std::int64_t first = step * batch_size + micro_batch * micro_batch_size;
  return {first, first + micro_batch_size};
}

Range EvaluationPlan::positions(std::int64_t micro_batch) const {
  const std::int64_t first = micro_batch * micro_batch_size;
  return {first, std::min(first + micro_batch_size, samples)};
}

}  // namespace eoshard::train
