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

struct LossOptions {
  Task task = Task::multi_label;
  double label_smoothing = 0;  ///< ε: targets become (1 - ε) t + ε / 2, or + ε / classes for one label
  at::Tensor class_weights;    ///< (classes): on positives for several labels, on samples for one; undefined = none
};

/// Mean over the batch (and, for several labels, over classes) in float32; logits (N, classes) of any float type.
/// Targets of make_targets, or for one label also probabilities (N, classes).
at::Tensor mean_loss(const LossOptions& options, const at::Tensor& logits, const at::Tensor& targets);

/// What predictions are read from, (N, classes) float32: probabilities by the sigmoid, or by the softmax.
at::Tensor scores(Task task, const at::Tensor& logits);

/// Weights that make rare classes count as much as common ones: negatives / positives for several labels,
/// samples / (classes · positives) for one; 1 for a class without positives.
std::vector<float> balanced_weights(Task task, std::span<const std::uint64_t> positives, std::uint64_t samples);

}  // namespace eoshard::train
