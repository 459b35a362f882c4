#include "libtrain/loss/loss.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

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

at::Tensor mean_loss(Task task, const at::Tensor& logits, const at::Tensor& targets) {
  const at::Tensor exact = logits.to(at::kFloat);
  if (task == Task::multi_label) return at::binary_cross_entropy_with_logits(exact, targets);
  return at::cross_entropy_loss(exact, targets);
}

at::Tensor scores(Task task, const at::Tensor& logits) {
  const at::Tensor exact = logits.to(at::kFloat);
  return task == Task::multi_label ? at::sigmoid(exact) : exact;
}

}  // namespace eoshard::train
