#include "libtrain/loss/loss.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "libingest/core/error.hpp"

namespace eoshard::train {
namespace {

at::Tensor multi_hot(std::span<const std::span<const std::uint8_t>> rows) {
  const auto classes = static_cast<std::int64_t>(rows.front().size());
  at::Tensor targets = at::empty({static_cast<std::int64_t>(rows.size()), classes}, at::kFloat);
  float* to = targets.data_ptr<float>();
  for (const auto& row : rows) to = std::copy(row.begin(), row.end(), to);
  return targets;
}

std::int64_t only_class(std::span<const std::uint8_t> row) {
  const auto classes = std::count_if(row.begin(), row.end(), [](std::uint8_t label) { return label != 0; });
  if (classes != 1) {
    throw Error(ErrorKind::input, fmt::format("a sample of a single-label dataset has {} classes", classes));
  }
  return std::find_if(row.begin(), row.end(), [](std::uint8_t label) { return label != 0; }) - row.begin();
}

// at::cross_entropy_loss of classes, with weights and smoothing. That one selects the samples that are not ignored, for
// which it waits for the device: in the capture of a graph it must not.
at::Tensor weighted_smoothed_loss(const LossOptions& options, const at::Tensor& logits, const at::Tensor& classes) {
  const at::Tensor& weights = options.class_weights;
  const at::Tensor log_shares = at::log_softmax(logits, 1);
  const at::Tensor exact = at::nll_loss(log_shares, classes, weights);
  const at::Tensor spread = -(log_shares * weights).sum() / weights.gather(0, classes).sum();
  return (1 - options.label_smoothing) * exact + options.label_smoothing / static_cast<double>(logits.size(1)) * spread;
}

}  // namespace

Task parse_task(const std::string& name) {
  if (name == "multi-label") return Task::multi_label;
  if (name == "single-label") return Task::single_label;
  throw Error(ErrorKind::input, fmt::format("unknown task '{}'", name));
}

at::Tensor make_targets(Task task, std::span<const std::span<const std::uint8_t>> rows) {
  if (task == Task::multi_label) return multi_hot(rows);
  at::Tensor targets = at::empty({static_cast<std::int64_t>(rows.size())}, at::kLong);
  std::transform(rows.begin(), rows.end(), targets.data_ptr<std::int64_t>(), only_class);
  return targets;
}

at::Tensor mean_loss(const LossOptions& options, const at::Tensor& logits, const at::Tensor& targets) {
  const at::Tensor exact = logits.to(at::kFloat);
  const std::optional<at::Tensor> weights =
      options.class_weights.defined() ? std::optional(options.class_weights) : std::nullopt;
  if (options.task == Task::multi_label) {
    const double smoothing = options.label_smoothing;
    const at::Tensor wanted = smoothing > 0 ? targets * (1 - smoothing) + smoothing / 2 : targets;
    return at::binary_cross_entropy_with_logits(exact, wanted, /*weight=*/{}, /*pos_weight=*/weights);
  }
  if (weights && options.label_smoothing > 0 && !targets.is_floating_point())
    return weighted_smoothed_loss(options, exact, targets);
  return at::cross_entropy_loss(exact, targets, weights, at::Reduction::Mean, /*ignore_index=*/-100,
                                options.label_smoothing);
}

at::Tensor scores(Task task, const at::Tensor& logits) {
  const at::Tensor exact = logits.to(at::kFloat);
  return task == Task::multi_label ? at::sigmoid(exact) : at::softmax(exact, 1);
}

std::vector<float> balanced_weights(Task task, std::span<const std::uint64_t> positives, std::uint64_t samples) {
  std::vector<float> weights;
  const auto all = static_cast<double>(samples), classes = static_cast<double>(positives.size());
  for (const std::uint64_t count : positives) {
    const auto own = static_cast<double>(count);
    const double weight = task == Task::multi_label ? (all - own) / own : all / (classes * own);
    weights.push_back(count == 0 ? 1.0F : static_cast<float>(weight));
  }
  return weights;
}

}  // namespace eoshard::train
