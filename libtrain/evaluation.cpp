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

void append_values(std::vector<float>& to, const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kCPU).contiguous();
  const float* first = values.const_data_ptr<float>();
  to.insert(to.end(), first, first + values.numel());
}

std::vector<std::uint8_t> all_labels(const SplitReader& split) {
  std::vector<std::uint8_t> labels;
  for (std::int64_t sample = 0; sample < split.samples(); ++sample) {
    const std::span<const std::uint8_t> row = split.labels(sample);
    labels.insert(labels.end(), row.begin(), row.end());
  }
  return labels;
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
  const LossOptions loss_options{pass.task, 0, {}};
  std::vector<double> losses;  // summed over each micro-batch
  std::vector<float> own;
  for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
    const DeviceBatch batch = place_batch(pass, loader.next(), split);
    const at::Tensor logits = run_forward(pass, batch);
    const double loss = mean_loss(loss_options, logits, batch.targets).item<double>();
    losses.push_back(loss * static_cast<double>(batch.samples()));
    append_values(own, scores(pass.task, logits));
    report_samples(plan.positions(micro_batch).last - plan.positions(share.first).first);
  }
  EvaluationResult result;
  result.table = {pass.task == Task::multi_label, split.classes(), world.all_gather(std::span<const float>(own)),
                  all_labels(split)};
  const std::vector<double> all = world.all_gather(std::span<const double>(losses));
  const double samples = static_cast<double>(split.samples());
  result.loss = std::accumulate(all.begin(), all.end(), 0.0) / samples;
  result.images_per_second = samples / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

std::vector<float> collect_embeddings(const ForwardPass& pass, const SplitReader& split,
                                      const InputTransform& transform, const EvaluationOptions& options,
                                      const Communicator& world) {
  const at::NoGradGuard no_gradients;
  const EvaluationPlan plan{split.samples(), options.micro_batch_size};
  const Range share = rank_share(plan.micro_batches(), world.rank(), world.size());
  std::vector<float> own;
  world.agree([&] {
    BatchLoader loader(split, transform, pass.input.values(), make_requests(plan, share), {options.loader_threads, 3});
    for (std::int64_t micro_batch = share.first; micro_batch < share.last; ++micro_batch) {
      const at::Tensor features = run_embed(pass, place_batch(pass, loader.next(), split));
      append_values(own, features.to(at::kFloat));
    }
  });
  return world.all_gather(std::span<const float>(own));
}

}  // namespace eoshard::train
