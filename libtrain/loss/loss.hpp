// What training minimises: binary cross-entropy for several labels a sample, cross-entropy for one.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace eoshard::train {

enum class Task { multi_label, single_label };

/// @throws Error{input} unless `name` is multi-label or single-label (dataset.json's task).
Task parse_task(const std::string& name);

/// Labels of a batch as a tensor on the CPU: multi-hot (N, classes) float32, or class numbers (N) int64.
/// `rows` are multi-hot bytes, a row a sample. @throws Error{input} when a single-label row has not exactly one class.
at::Tensor make_targets(Task task, std::span<const std::span<const std::uint8_t>> rows);

/// Mean over the batch (and, for several labels, over classes) in float32; logits (N, classes) of any float type.
at::Tensor mean_loss(Task task, const at::Tensor& logits, const at::Tensor& targets);

/// What predictions are read from, (N, classes) float32: probabilities by the sigmoid, or the logits themselves.
at::Tensor scores(Task task, const at::Tensor& logits);

}  // namespace eoshard::train
