#include "libtrain/evaluation.hpp"

#include <ATen/ATen.h>

#include <chrono>
#include <numeric>

#include "libtrain/core/rank_share.hpp"
#include "libtrain/data/micro_batch_plan.hpp"

namespace eoshard::train {
namespace {

std::vector<BatchRequest> make_requests(const EvaluationPlan& plan, Range share) {
  std::vector<BatchRequest> requests;
  for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
    const Range positions = plan.positions(micro_batch);
    BatchRequest request;
    for (std::int64_t sample = positions.first; sample < positions.last; ++sample) request.push_back({sample, {}});
    requests.push_back(std::move(request));
  }
  return requests;
}

void count_batch(ClassificationCounts& counts, const ForwardPass& pass, const at::Tensor& logits,
                 const DeviceBatch& batch, float threshold) {
  const at::Tensor values = scores(pass.task, logits).to(at::kCPU).contiguous();
  const std::span<const float> view(values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel()));
  if (pass.task == Task::multi_label) {
    count_multi_label(counts, view, std::span<const std::uint8_t>(batch.labels), threshold);
  } else {
    count_single_label(counts, view, std::span<const std::uint8_t>(batch.labels));
  }
}

}  // namespace

EvaluationResult evaluate(const ForwardPass& pass, const SplitReader& split, const InputTransform& transform,
                          const EvaluationOptions& options, const Communicator& world,
                          const std::function<void(std::int64_t)>& report_samples) {
  const at::NoGradGuard no_gradients;
  const auto start = std::chrono::steady_clock::now();
  const EvaluationPlan plan{split.samples(), options.micro_batch_size};
  const Range share = rank_share(plan.micro_batches(), world.rank(), world.size());
  BatchLoader loader(split, transform, pass.input.values(), make_requests(plan, share), {options.loader_threads, 3});
  EvaluationResult result{0, ClassificationCounts(split.classes()), {}, 0};
  std::vector<double> losses;  // summed over each micro-batch
  for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
    const DeviceBatch batch = place_batch(pass, loader.next(), split);
    const at::Tensor logits = run_forward(pass, batch);
    const double loss = mean_loss(pass.task, logits, batch.targets).item<double>();
    losses.push_back(loss * static_cast<double>(batch.samples()));
    count_batch(result.counts, pass, logits, batch, options.threshold);
    report_samples(plan.positions(micro_batch).last - plan.positions(share.first).first);
  }
  sum_over_ranks(result.counts, world);
  result.scores = score(result.counts);
  const std::vector<double> all = world.all_gather(std::span<const double>(losses));
  const double samples = static_cast<double>(split.samples());
  result.loss = std::accumulate(all.begin(), all.end(), 0.0) / samples;
  result.images_per_second = samples / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace eoshard::train
