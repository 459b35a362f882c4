#include "libtrain/training_state.hpp"

#include <ATen/ATen.h>

#include "libtrain/checkpoint/safetensors.hpp"

namespace eoshard::train {
namespace {

// torch.nn.BatchNorm2d's default: running = 0.9 running + 0.1 new.
constexpr double kStatisticsMomentum = 0.1;

constexpr const char* kModelPrefix = "model.";
constexpr const char* kMomentumPrefix = "momentum.";

std::unique_ptr<Network> moved(std::unique_ptr<Network> network, at::Device device) {
  network->move_to(device);
  return network;
}

void append(NamedTensors& to, const char* prefix, const NamedTensors& from) {
  for (const NamedTensor& item : from) to.push_back({prefix + item.name, item.tensor});
}

// Copies into each view the tensor of its name.
void fill(const NamedTensors& views, const char* prefix, const NamedTensors& from) {
  const at::NoGradGuard no_gradients;
  for (const NamedTensor& view : views) {
    const at::Tensor& value = find_tensor(from, prefix + view.name);
    if (value.sizes() != view.tensor.sizes())
      throw Error(ErrorKind::input, view.name + " has another shape in this file");
    view.tensor.copy_(value);
  }
}

}  // namespace

TrainingState::TrainingState(std::unique_ptr<Network> network, at::Device device)
    : network_(moved(std::move(network), device)),
      buffer_(network_->parameters(), network_->statistics()),
      momenta_(at::zeros_like(buffer_.weights())),
      running_statistics_(buffer_.statistics().clone()),
      slots_(make_slots()) {}

std::vector<ParameterSlot> TrainingState::make_slots() {
  std::vector<ParameterSlot> slots;
  for (const FlatPlace& place : buffer_.places()) {
    const auto piece = [&](const at::Tensor& flat) { return flat.narrow(0, place.offset, place.length); };
    slots.push_back({piece(buffer_.weights()), piece(buffer_.gradients()), piece(momenta_), place.is_decayed});
  }
  return slots;
}

void TrainingState::update_running_statistics(const at::Tensor& step_statistics) {
  running_statistics_.mul_(1 - kStatisticsMomentum).add_(step_statistics, kStatisticsMomentum);
}

void TrainingState::begin_evaluation() {
  buffer_.statistics().copy_(running_statistics_);
  network_->set_training(false);
}

void TrainingState::begin_training() { network_->set_training(true); }

NamedTensors TrainingState::model_tensors(std::int64_t steps) const {
  NamedTensors tensors = buffer_.parameter_views(buffer_.weights());
  append(tensors, "", buffer_.statistics_views(running_statistics_));
  for (const NamedTensor& counter : network_->update_counts()) {
    tensors.push_back({counter.name, at::full({}, steps, at::TensorOptions(at::kLong))});
  }
  return tensors;
}

void TrainingState::load_model(const NamedTensors& tensors) {
  fill(buffer_.parameter_views(buffer_.weights()), "", tensors);
  fill(buffer_.statistics_views(running_statistics_), "", tensors);
}

NamedTensors TrainingState::all_tensors(std::int64_t steps) const {
  NamedTensors tensors;
  append(tensors, kModelPrefix, model_tensors(steps));
  append(tensors, kMomentumPrefix, buffer_.parameter_views(momenta_));
  return tensors;
}

void TrainingState::load_all(const NamedTensors& tensors) {
  fill(buffer_.parameter_views(buffer_.weights()), kModelPrefix, tensors);
  fill(buffer_.statistics_views(running_statistics_), kModelPrefix, tensors);
  fill(buffer_.parameter_views(momenta_), kMomentumPrefix, tensors);
}

void TrainingState::broadcast(Collective& collective) {
  if (collective.size() == 1) return;
  for (const at::Tensor& flat : {buffer_.weights(), momenta_, running_statistics_}) {
    if (flat.numel() > 0) collective.broadcast(flat, 0);
  }
}

}  // namespace eoshard::train
