// Network over a module that is written in C++: what all built-in networks share. For .cpp files of this folder.
#pragma once

#include <torch/nn.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libtrain/model/network.hpp"

namespace eoshard::train {

/// torch.nn.BatchNorm2d's default: running = 0.9 running + 0.1 new.
inline constexpr double kBatchNormMomentum = 0.1;

/// Momentum 1: the running averages become the batch's own statistics (see Network::statistics). The layer does not
/// count its batches, an operator each: the registered counter, which files get, is set from the step.
inline torch::nn::BatchNorm2d batch_norm(std::int64_t channels) {
  torch::nn::BatchNorm2d layer(torch::nn::BatchNorm2dOptions(channels).momentum(1.0));
  layer->num_batches_tracked.reset();
  return layer;
}

/// `Module` has features(images) → (N, features), which convolves them first, head(features) → logits, and kHead, the
/// last layer's name.
template <class Module>
class ModuleNetwork final : public Network {
 public:
  explicit ModuleNetwork(std::shared_ptr<Module> module) : module_(std::move(module)) {}

  at::Tensor forward(const at::Tensor& images) override { return module_->head(module_->features(images)); }
  at::Tensor embed(const at::Tensor& images) override { return module_->features(images); }
  bool begins_with_convolution() const override { return true; }
  void move_to(at::Device device) override { module_->to(device); }

  void set_training(bool is_training) override {
    module_->train(is_training);
    if (is_frozen_) set_statistics_training(false);
  }
  void freeze_statistics() override {
    is_frozen_ = true;
    set_statistics_training(false);
  }

  NamedTensors parameters() override {
    NamedTensors tensors;
    for (const auto& item : module_->named_parameters()) tensors.push_back({item.key(), item.value()});
    return tensors;
  }
  NamedTensors statistics() override { return buffers(false); }
  NamedTensors update_counts() override { return buffers(true); }
  NamedTensors constants() override { return {}; }
  std::vector<double> statistics_momenta() override {
    return std::vector<double>(statistics().size(), kBatchNormMomentum);
  }
  std::vector<std::string> head() override {
    return {std::string(Module::kHead) + ".weight", std::string(Module::kHead) + ".bias"};
  }

 private:
  NamedTensors buffers(bool are_counters) {
    NamedTensors tensors;
    for (const auto& item : module_->named_buffers()) {
      if (item.key().ends_with("num_batches_tracked") == are_counters) tensors.push_back({item.key(), item.value()});
    }
    return tensors;
  }

  void set_statistics_training(bool is_training) {
    for (const auto& part : module_->modules()) {
      if (auto* layer = part->template as<torch::nn::BatchNorm2d>()) layer->train(is_training);
    }
  }

  std::shared_ptr<Module> module_;
  bool is_frozen_ = false;
};

}  // namespace eoshard::train
