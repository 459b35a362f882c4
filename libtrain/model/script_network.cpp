#include "libtrain/model/script_network.hpp"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <fmt/format.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <sstream>

#include "libingest/core/error.hpp"

namespace eoshard::train {
namespace {

// The first line of what LibTorch says; the rest is a stack trace.
std::string first_line(const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  return text.substr(0, text.find('\n'));
}

// Without the interpreter's trace of the script.
std::string script_reason(const std::exception& error) {
  const std::string text = error.what();
  const std::size_t place = text.rfind("RuntimeError: ");
  const std::string reason = place == std::string::npos ? text : text.substr(place);
  return reason.substr(0, reason.find('\n'));
}

// The optimising executor changes a module's arithmetic after its first calls, so that results would depend on how
// many micro-batches a process has seen.
void use_plain_executor() {
  torch::jit::getExecutorMode() = true;
  torch::jit::getProfilingMode() = false;
}

torch::jit::Module load(const std::string& path, const std::string& script) {
  use_plain_executor();
  std::istringstream stream(script);
  try {
    return torch::jit::load(stream, at::kCPU);
  } catch (const c10::Error& error) {
    throw Error(ErrorKind::input, fmt::format("{} is no TorchScript file (torch.jit.script(model).save(path)): {}",
                                              path, first_line(error)));
  }
}

bool is_statistic(const std::string& name) { return name.ends_with("running_mean") || name.ends_with("running_var"); }
bool is_counter(const std::string& name) { return name.ends_with("num_batches_tracked"); }

NamedTensors named(const torch::jit::named_parameter_list& list) {
  NamedTensors tensors;
  for (const auto& item : list) tensors.push_back({item.name, item.value});
  return tensors;
}

template <class Predicate>
NamedTensors named_if(const torch::jit::named_buffer_list& list, const Predicate& is_wanted) {
  NamedTensors tensors;
  for (const auto& item : list) {
    if (is_wanted(item.name)) tensors.push_back({item.name, item.value});
  }
  return tensors;
}

std::vector<at::Tensor> values_of(const NamedTensors& tensors) {
  std::vector<at::Tensor> values;
  for (const NamedTensor& item : tensors) values.push_back(item.tensor);
  return values;
}

// Whether images go into convolutions alone, apart from questions about their shape.
bool convolves_first(const torch::jit::Module& module) {
  std::shared_ptr<torch::jit::Graph> graph = module.get_method("forward").graph()->copy();
  torch::jit::Inline(*graph);
  torch::jit::ConstantPropagation(graph);  // of branches on a layer's settings one stays
  torch::jit::EliminateDeadCode(graph);
  const auto is_harmless = [](const torch::jit::Use& use) {
    const auto kind = use.user->kind();
    const bool is_question = kind == c10::aten::size || kind == c10::aten::dim;
    return is_question || (kind == c10::aten::conv2d && use.offset == 0);
  };
  return std::ranges::all_of(graph->inputs().at(1)->uses(), is_harmless);
}

class ScriptNetwork final : public Network {
 public:
  explicit ScriptNetwork(const NetworkOptions& options)
      : options_(options), module_(load(options.name, options.script)) {
    options_.script.clear();
    check_parameters();
    collect_statistics();
    try_out();
    begins_with_convolution_ = convolves_first(module_);
  }

  bool begins_with_convolution() const override { return begins_with_convolution_; }

  at::Tensor forward(const at::Tensor& images) override {
    const bool leaves_statistics = module_.is_training() && !is_frozen_ && !statistics_.empty();
    if (!leaves_statistics) return call(images);
    // From zero the buffers become momentum · the batch's own statistics. Autograd saves the buffers and watches their
    // versions, although backward in training mode does not read them: aliases have versions of their own.
    const std::vector<at::Tensor> aliases = alias_statistics();
    at::_foreach_zero_(aliases);
    const at::Tensor logits = call(images);
    at::_foreach_div_(aliases, at::ArrayRef<at::Scalar>(divisors_));
    return logits;
  }

  // A script cannot be cut before its last layer. With the identity for that layer's matrix the script returns what
  // goes into it, which is checked: the true matrix must make the script's own logits of it.
  at::Tensor embed(const at::Tensor& images) override {
    const LastLayer layer = last_layer();
    const at::Tensor logits = call(images);
    const at::Tensor features = call_with_identity(layer, images);
    if (!features.defined() || !makes(layer, features, logits)) {
      refuse(
          fmt::format("--embeddings: its logits are not the output of its last linear layer ({}); return that layer's "
                      "output unchanged from forward()",
                      layer.name));
    }
    return features;
  }

  NamedTensors parameters() override { return named(module_.named_parameters()); }
  NamedTensors statistics() override { return named_if(module_.named_buffers(), is_statistic); }
  NamedTensors update_counts() override { return named_if(module_.named_buffers(), is_counter); }
  NamedTensors constants() override {
    return named_if(module_.named_buffers(),
                    [](const std::string& name) { return !is_statistic(name) && !is_counter(name); });
  }
  std::vector<double> statistics_momenta() override { return momenta_; }

  // The last matrix, and what else its layer has.
  std::vector<std::string> head() override {
    std::string layer;
    for (const NamedTensor& item : parameters()) {
      if (item.tensor.dim() == 2) layer = item.name.substr(0, item.name.rfind('.') + 1);
    }
    std::vector<std::string> names;
    for (const NamedTensor& item : parameters()) {
      if (!layer.empty() && item.name.starts_with(layer)) names.push_back(item.name);
    }
    return names;
  }

  void set_training(bool is_training) override {
    module_.train(is_training);
    if (is_frozen_) set_statistics_training(false);
  }
  void freeze_statistics() override {
    is_frozen_ = true;
    set_statistics_training(false);
  }
  void move_to(at::Device device) override {
    module_.to(device);
    statistics_ = values_of(statistics());
    if (!device.is_cpu()) try_on(device);
  }

 private:
  struct LastLayer {
    std::string name;
    at::Tensor matrix, bias;  // the module's own; no bias: undefined
  };

  LastLayer last_layer() {
    LastLayer layer;
    const std::vector<std::string> names = head();
    for (const NamedTensor& item : parameters()) {
      if (std::find(names.begin(), names.end(), item.name) == names.end()) continue;
      (item.tensor.dim() == 2 ? layer.matrix : layer.bias) = item.tensor;
      if (item.tensor.dim() == 2) layer.name = item.name;
    }
    if (!layer.matrix.defined()) refuse("--embeddings: it has no linear layer whose input could be written");
    return layer;
  }

  // Undefined where the script cannot do with another number of outputs.
  at::Tensor call_with_identity(const LastLayer& layer, const at::Tensor& images) {
    const at::NoGradGuard no_gradients;
    at::Tensor matrix = layer.matrix, bias = layer.bias;
    const at::Tensor own_matrix = matrix.variable_data();
    const at::Tensor own_bias = bias.defined() ? bias.variable_data() : bias;
    const std::int64_t features = matrix.size(1);
    matrix.set_data(at::eye(features, own_matrix.options()));
    if (bias.defined()) bias.set_data(at::zeros({features}, own_bias.options()));
    at::autocast::clear_cache();  // it knows tensors by their identity, which stays
    at::Tensor output;
    try {
      output = call(images);
    } catch (const std::exception&) {  // said by embed()
    }
    matrix.set_data(own_matrix);
    if (bias.defined()) bias.set_data(own_bias);
    at::autocast::clear_cache();
    return output;
  }

  // Up to the rounding of the last product in the precision at hand.
  static bool makes(const LastLayer& layer, const at::Tensor& features, const at::Tensor& logits) {
    const at::NoGradGuard no_gradients;
    if (features.dim() != 2 || features.size(1) != layer.matrix.size(1)) return false;
    const double tolerance = logits.scalar_type() == at::kFloat ? 1e-4 : 5e-2;
    const at::Tensor expected = at::linear(features.to(at::kFloat), layer.matrix,
                                           layer.bias.defined() ? std::optional(layer.bias) : std::nullopt);
    return at::allclose(expected.to(at::kFloat), logits.to(at::kFloat), tolerance,
                        tolerance * logits.abs().max().item<double>());
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorKind::input, fmt::format("{}: {}", options_.name, what));
  }

  at::Tensor call(const at::Tensor& images) { return module_.forward({images}).toTensor(); }

  void check_parameters() const {
    std::set<const void*> seen;
    for (const auto& item : module_.named_parameters()) {
      if (item.value.scalar_type() != at::kFloat) refuse(fmt::format("parameter {} is not float32", item.name));
      if (!seen.insert(item.value.unsafeGetTensorImpl()).second) {
        refuse(fmt::format("parameter {} is shared by two layers, which is not supported", item.name));
      }
    }
    if (seen.empty()) refuse("it has no parameters to train (frozen?); save torch.jit.script(model) itself");
  }

  void collect_statistics() {
    statistics_ = values_of(statistics());
    momenta_.assign(statistics_.size(), 0);
  }

  void set_statistics_training(bool is_training) {
    for (torch::jit::Module part : module_.modules()) {
      if (part.hasattr("running_mean")) part.train(is_training);
    }
  }

  at::Tensor call_on(const at::Tensor& images) {
    c10::IValue result;
    try {
      result = module_.forward({images});
    } catch (const std::exception& error) {
      refuse(fmt::format("it does not take images of {} bands and {} x {} pixels on {}: {}", options_.bands,
                         options_.rows, options_.columns, images.device().is_cpu() ? "a CPU" : "a GPU",
                         script_reason(error)));
    }
    if (!result.isTensor()) refuse("it returns something else than a tensor of logits");
    return result.toTensor();
  }

  at::Tensor trial_images(at::Device device) const {
    return at::randn({2, options_.bands, options_.rows, options_.columns}).to(device);
  }

  // Tensors that the script has as constants, and devices that it names, do not move with it.
  void try_on(at::Device device) {
    const at::NoGradGuard no_gradients;
    const bool is_training = module_.is_training();
    module_.eval();
    call_on(trial_images(device));
    set_training(is_training);
  }

  void try_out() {
    const at::NoGradGuard no_gradients;
    const at::Tensor images = trial_images(at::kCPU);
    const std::vector<at::Tensor> saved = clone_statistics();
    module_.eval();
    const at::Tensor logits = call_on(images);
    if (logits.dim() != 2 || logits.size(0) != 2 || logits.size(1) != options_.classes) {
      refuse(fmt::format("for 2 images it returns a tensor of shape ({}), but the dataset has {} classes",
                         fmt::join(logits.sizes(), ", "), options_.classes));
    }
    if (!is_unchanged(saved)) refuse("its batch norm learns in evaluation too (traced?); use torch.jit.script");
    find_momenta(images);
    for (std::size_t index = 0; index < saved.size(); ++index) statistics_[index].copy_(saved[index]);
    for (const NamedTensor& counter : update_counts()) counter.tensor.zero_();
  }

  std::vector<at::Tensor> alias_statistics() const {
    std::vector<at::Tensor> aliases;
    for (const at::Tensor& values : statistics_) aliases.push_back(values.variable_data());
    return aliases;
  }

  std::vector<at::Tensor> clone_statistics() const {
    std::vector<at::Tensor> copies;
    for (const at::Tensor& values : statistics_) copies.push_back(values.clone());
    return copies;
  }

  bool is_unchanged(const std::vector<at::Tensor>& saved) const {
    for (std::size_t index = 0; index < saved.size(); ++index) {
      if (!at::equal(saved[index], statistics_[index])) return false;
    }
    return true;
  }

  // new = (1 - m) old + m batch: two passes over the same images from 0 and from 1 differ by 1 - m.
  void find_momenta(const at::Tensor& images) {
    if (statistics_.empty()) return;
    module_.train(true);
    std::vector<std::vector<at::Tensor>> after;
    for (const double start : {0.0, 1.0}) {
      for (const at::Tensor& values : statistics_) values.fill_(start);
      at::manual_seed(0);
      call_on(images);
      after.push_back(clone_statistics());
    }
    const NamedTensors names = statistics();
    for (std::size_t index = 0; index < statistics_.size(); ++index) {
      const double kept = (after[1][index] - after[0][index]).to(at::kDouble).median().item<double>();
      momenta_[index] = std::round((1 - kept) * 1e5) / 1e5;  // what a module's author wrote
      if (!(momenta_[index] > 0 && momenta_[index] <= 1)) {
        refuse(
            fmt::format("{} does not follow the batches in training mode (traced or frozen for inference?); use "
                        "torch.jit.script on the model itself",
                        names[index].name));
      }
    }
    divisors_.assign(momenta_.begin(), momenta_.end());
  }

  NetworkOptions options_;  // without the script
  torch::jit::Module module_;
  std::vector<at::Tensor> statistics_;
  std::vector<double> momenta_;
  std::vector<at::Scalar> divisors_;
  bool is_frozen_ = false;
  bool begins_with_convolution_ = false;
};

}  // namespace

std::unique_ptr<Network> load_script_network(const NetworkOptions& options) {
  return std::make_unique<ScriptNetwork>(options);
}

}  // namespace eoshard::train
