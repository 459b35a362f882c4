#include "libtrain/training_state.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "libtrain/checkpoint/safetensors.hpp"
#include "libtrain/dist/rank_mean.hpp"

namespace eoshard::train {
namespace {

constexpr const char* kModelPrefix = "model.";
constexpr const char* kAverageStatisticsPrefix = "average_statistics.";

std::unique_ptr<Network> prepared(std::unique_ptr<Network> network, at::Device device, bool is_backbone_frozen) {
  network->move_to(device);
  if (is_backbone_frozen) network->freeze_statistics();
  return network;
}

void append(NamedTensors& to, const std::string& prefix, const NamedTensors& from) {
  for (const NamedTensor& item : from) to.push_back({prefix + item.name, item.tensor});
}

// Copies into each view the tensor of its name.
void fill(const NamedTensors& views, const std::string& prefix, const NamedTensors& from) {
  const at::NoGradGuard no_gradients;
  for (const NamedTensor& view : views) {
    const at::Tensor& value = find_tensor(from, prefix + view.name);
    if (value.sizes() != view.tensor.sizes())
      throw Error(ErrorKind::input, view.name + " has another shape in this file");
    view.tensor.copy_(value);
  }
}

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

NamedTensors trained_parameters(Network& network, bool is_backbone_frozen) {
  NamedTensors trained = network.parameters();
  if (!is_backbone_frozen) return trained;
  const std::vector<std::string> head = network.head();
  std::erase_if(trained, [&](const NamedTensor& item) { return !is_among(head, item.name); });
  if (trained.empty()) throw Error(ErrorKind::usage, "--freeze backbone: this network has no last layer to train");
  return trained;
}

// Everything else that belongs to the network; frozen parameters ask for no gradients any more.
NamedTensors fixed_tensors(Network& network, bool is_backbone_frozen) {
  NamedTensors fixed = network.constants();
  if (!is_backbone_frozen) return fixed;
  const std::vector<std::string> head = network.head();
  for (const NamedTensor& item : network.parameters()) {
    if (is_among(head, item.name)) continue;
    item.tensor.set_requires_grad(false);
    fixed.push_back(item);
  }
  append(fixed, "", network.statistics());
  return fixed;
}

std::vector<UpdatePlace> update_places(const GradientBuffer& buffer, const UpdateRules& rules) {
  std::vector<UpdatePlace> places;
  for (const FlatPlace& place : buffer.places()) {
    const bool is_decayed = place.dimensions > (rules.is_linear_decayed ? 1 : 2);
    // Biases and batch-norm parameters follow the rate itself; without any decay so do all, as in timm.
    const bool is_adapted = place.dimensions > 1 && rules.weight_decay != 0;
    places.push_back({place.offset, place.length, is_decayed ? rules.weight_decay : 0, is_adapted});
  }
  return places;
}

// The momentum of each element of the buffer's statistics; 0 between tensors.
at::Tensor repeat_momenta(Network& network, const GradientBuffer& buffer) {
  const std::vector<double> momenta = network.statistics_momenta();
  at::Tensor repeated = at::zeros_like(buffer.statistics());
  const NamedTensors views = buffer.statistics_views(repeated);
  for (std::size_t index = 0; index < views.size(); ++index) views[index].tensor.fill_(momenta[index]);
  return repeated;
}

// The bits of a tensor of any type as float32, which is what is sent between ranks.
at::Tensor as_floats(const at::Tensor& values) {
  return values.scalar_type() == at::kFloat ? values : values.view(at::kFloat);
}

}  // namespace

TrainingState::TrainingState(std::unique_ptr<Network> network, at::Device device, const UpdateRules& rules)
    : network_(prepared(std::move(network), device, rules.is_backbone_frozen)),
      fixed_(fixed_tensors(*network_, rules.is_backbone_frozen)),
      buffer_(trained_parameters(*network_, rules.is_backbone_frozen),
              rules.is_backbone_frozen ? NamedTensors() : network_->statistics(), rules.bucket_bytes),
      optimizer_(rules.options, update_places(buffer_, rules), buffer_.weights(), buffer_.gradients()),
      running_statistics_(buffer_.statistics().clone()),
      statistics_momenta_(repeat_momenta(*network_, buffer_)),
      ema_decay_(rules.options.ema_decay) {
  if (is_averaging()) average_statistics_ = running_statistics_.clone();
}

void TrainingState::update(double rate, std::int64_t step) {
  set_step(rate, step);
  spend_gradients({});
}

void TrainingState::set_step(double rate, std::int64_t step) { optimizer_.set_step(rate, step + 1); }

void TrainingState::spend_gradients(const at::Tensor& squared_norm) {
  const at::NoGradGuard no_gradients;
  optimizer_.spend(squared_norm);
}

void TrainingState::update_running_statistics(const at::Tensor& step_statistics) {
  running_statistics_.lerp_(step_statistics, statistics_momenta_);
  if (is_averaging()) average_statistics_.lerp_(running_statistics_, 1 - ema_decay_);
}

void TrainingState::begin_evaluation() {
  const at::NoGradGuard no_gradients;
  if (is_averaging() && !weights_in_training_.defined()) {
    weights_in_training_ = buffer_.weights().clone();
    buffer_.weights().copy_(optimizer_.average());
  }
  buffer_.statistics().copy_(is_averaging() ? average_statistics_ : running_statistics_);
  network_->set_training(false);
}

void TrainingState::begin_training() {
  const at::NoGradGuard no_gradients;
  if (weights_in_training_.defined()) {
    buffer_.weights().copy_(weights_in_training_);
    weights_in_training_.reset();
  }
  network_->set_training(true);
}

NamedTensors TrainingState::named_state(const at::Tensor& weights, const at::Tensor& statistics,
                                        std::int64_t steps) const {
  NamedTensors tensors = buffer_.parameter_views(weights);
  append(tensors, "", buffer_.statistics_views(statistics));
  append(tensors, "", fixed_);
  for (const NamedTensor& counter : network_->update_counts()) {
    tensors.push_back({counter.name, at::full({}, steps, at::TensorOptions(at::kLong))});
  }
  return tensors;
}

NamedTensors TrainingState::model_tensors(std::int64_t steps) const {
  if (is_averaging()) return named_state(optimizer_.average(), average_statistics_, steps);
  return named_state(buffer_.weights(), running_statistics_, steps);
}

// For evaluation alone: with an EMA these are the averaged weights.
void TrainingState::load_model(const NamedTensors& tensors) {
  const at::Tensor& weights = is_averaging() ? optimizer_.average() : buffer_.weights();
  fill(buffer_.parameter_views(weights), "", tensors);
  fill(buffer_.statistics_views(is_averaging() ? average_statistics_ : running_statistics_), "", tensors);
  fill(fixed_, "", tensors);
  weights_in_training_.reset();
}

NamedTensors TrainingState::all_tensors(std::int64_t steps) const {
  NamedTensors tensors;
  const at::Tensor& weights = weights_in_training_.defined() ? weights_in_training_ : buffer_.weights();
  append(tensors, kModelPrefix, named_state(weights, running_statistics_, steps));
  for (const NamedTensor& state : optimizer_.flat_state()) {
    append(tensors, state.name + ".", buffer_.parameter_views(state.tensor));
  }
  append(tensors, "", optimizer_.tensor_state());
  if (is_averaging()) append(tensors, kAverageStatisticsPrefix, buffer_.statistics_views(average_statistics_));
  return tensors;
}

void TrainingState::load_all(const NamedTensors& tensors) {
  fill(buffer_.parameter_views(buffer_.weights()), kModelPrefix, tensors);
  fill(buffer_.statistics_views(running_statistics_), kModelPrefix, tensors);
  fill(fixed_, kModelPrefix, tensors);
  for (const NamedTensor& state : optimizer_.flat_state()) {
    fill(buffer_.parameter_views(state.tensor), state.name + ".", tensors);
  }
  fill(optimizer_.tensor_state(), "", tensors);
  if (is_averaging()) fill(buffer_.statistics_views(average_statistics_), kAverageStatisticsPrefix, tensors);
}

std::vector<at::Tensor> TrainingState::flat_tensors() const {
  std::vector<at::Tensor> all = {buffer_.weights(), running_statistics_};
  for (const NamedTensors& state : {optimizer_.flat_state(), optimizer_.tensor_state()}) {
    for (const NamedTensor& item : state) all.push_back(item.tensor);
  }
  if (is_averaging()) all.push_back(average_statistics_);
  return all;
}

void TrainingState::average(Collective& collective) {
  const at::NoGradGuard no_gradients;
  for (const at::Tensor& flat : flat_tensors()) {
    const at::Tensor values = flat.to(at::kFloat);  // itself, but for NovoGrad's moments
    average_over_ranks(values, collective);
    if (!values.is_same(flat)) flat.copy_(values);
  }
}

void TrainingState::broadcast(Collective& collective) {
  if (collective.size() == 1) return;
  const at::NoGradGuard no_gradients;
  for (const at::Tensor& flat : flat_tensors()) {
    if (flat.numel() > 0) collective.broadcast(as_floats(flat), 0);
  }
  for (const NamedTensor& item : fixed_) {
    if (item.tensor.scalar_type() != at::kFloat || item.tensor.numel() == 0) continue;
    const at::Tensor copy = item.tensor.contiguous().view(-1);
    collective.broadcast(copy, 0);
    item.tensor.copy_(copy.view_as(item.tensor));
  }
}

}  // namespace eoshard::train
