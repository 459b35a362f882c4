#include "libtrain/model/pretrained.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "libingest/core/error.hpp"

namespace eoshard::train {
namespace {

std::map<std::string, at::Tensor> by_name(const NamedTensors& tensors) {
  std::map<std::string, at::Tensor> map;
  for (const NamedTensor& item : tensors) map.emplace(item.name, item.tensor);
  return map;
}

std::string shape_text(const at::Tensor& tensor) { return fmt::format("({})", fmt::join(tensor.sizes(), ", ")); }

// The first parameter of a convolution: (out, bands, rows, columns).
std::string first_convolution(const NamedTensors& parameters) {
  for (const NamedTensor& item : parameters) {
    if (item.tensor.dim() == 4) return item.name;
  }
  return "";
}

bool differ_in_bands_alone(const at::Tensor& ours, const at::Tensor& theirs) {
  if (ours.dim() != 4 || theirs.dim() != 4) return false;
  return ours.size(0) == theirs.size(0) && ours.size(2) == theirs.size(2) && ours.size(3) == theirs.size(3);
}

at::Tensor spread_over_bands(const at::Tensor& weight, std::int64_t bands) {
  const double scale = static_cast<double>(weight.size(1)) / static_cast<double>(bands);
  return weight.to(at::kDouble).mean(1, /*keepdim=*/true).mul(scale).expand({-1, bands, -1, -1});
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

NamedTensors tensors_to_load(Network& network) {
  NamedTensors wanted = network.parameters();
  for (const NamedTensors& buffers : {network.statistics(), network.constants()}) {
    wanted.insert(wanted.end(), buffers.begin(), buffers.end());
  }
  return wanted;
}

// The first few names, after `text`; nothing without any.
std::string listed(const char* text, std::vector<std::string> names) {
  if (names.empty()) return "";
  const bool is_long = names.size() > 3;
  if (is_long) names.resize(3);
  return fmt::format("{} {}{}", text, fmt::join(names, ", "), is_long ? ", …" : "");
}

// `left_out` may be there or not.
void check_names(const NamedTensors& ours, const std::map<std::string, at::Tensor>& theirs,
                 const std::vector<std::string>& left_out) {
  const std::map<std::string, at::Tensor> known = by_name(ours);
  std::vector<std::string> missing, unknown;
  for (const auto& [name, tensor] : known) {
    if (!theirs.contains(name) && !contains(left_out, name)) missing.push_back(name);
  }
  for (const auto& [name, tensor] : theirs) {
    if (!known.contains(name) && !name.ends_with("num_batches_tracked")) unknown.push_back(name);
  }
  if (missing.empty() && unknown.empty()) return;
  throw Error(ErrorKind::input, fmt::format("these are weights of another network{}{}", listed("; it lacks", missing),
                                            listed("; this one has no", unknown)));
}

// False where the weight is left as it is.
bool copy_weight(const NamedTensor& to, const at::Tensor& value, bool is_first_convolution,
                 const PretrainedRules& rules) {
  if (value.sizes() == to.tensor.sizes()) {
    to.tensor.copy_(value);
    return true;
  }
  if (!is_first_convolution || !differ_in_bands_alone(to.tensor, value)) {
    throw Error(ErrorKind::input, fmt::format("{} has the shape {} there and {} here", to.name, shape_text(value),
                                              shape_text(to.tensor)));
  }
  if (rules.first_convolution == FirstConvolution::skip) return false;
  to.tensor.copy_(spread_over_bands(value, to.tensor.size(1)));
  return true;
}

}  // namespace

std::vector<std::string> load_pretrained(Network& network, const NamedTensors& weights, const PretrainedRules& rules) {
  const at::NoGradGuard no_gradients;
  const NamedTensors ours = tensors_to_load(network);
  const std::string first = first_convolution(network.parameters());
  const std::vector<std::string> left_out = rules.is_head_kept ? std::vector<std::string>() : network.head();
  const std::map<std::string, at::Tensor> theirs = by_name(weights);
  check_names(ours, theirs, left_out);
  std::vector<std::string> skipped;
  for (const NamedTensor& item : ours) {
    const bool is_loaded =
        !contains(left_out, item.name) && copy_weight(item, theirs.at(item.name), item.name == first, rules);
    if (!is_loaded) skipped.push_back(item.name);
  }
  return skipped;
}

}  // namespace eoshard::train
