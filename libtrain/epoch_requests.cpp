#include "libtrain/epoch_requests.hpp"

#include <algorithm>

#include "libtrain/data/transform.hpp"
#include "libtrain/sample_selection.hpp"

namespace eoshard::train {
namespace {

bool is_augmented(const TrainOptions& options, const char* name) {
  return std::ranges::count(options.augment, name) > 0;
}

}  // namespace

std::vector<BatchRequest> epoch_requests(const TrainOptions& options, const std::vector<std::int64_t>& samples,
                                         const StepPlan& plan, Range share, std::int64_t epoch,
                                         std::int64_t first_step) {
  const bool is_flipped = is_augmented(options, "flip"), is_turned = is_augmented(options, "rotate90");
  const std::vector<std::int64_t> order = order_samples(options, samples, epoch);
  std::vector<BatchRequest> requests;
  for (std::int64_t step = first_step; step < plan.steps(); ++step) {
    for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
      const Range positions = plan.positions(step, micro_batch);
      BatchRequest request;
      for (std::int64_t position = positions.first; position < positions.last; ++position) {
        const std::int64_t sample = order[static_cast<std::size_t>(position)];
        request.push_back({sample, draw_orientation(is_flipped, is_turned, options.seed, epoch, sample)});
      }
      requests.push_back(std::move(request));
    }
  }
  return requests;
}

}  // namespace eoshard::train
