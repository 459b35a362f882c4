#include "libtrain/model/pretrained.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

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

void check_names(const std::set<std::string>& ours, const std::map<std::string, at::Tensor>& theirs) {
  std::vector<std::string> missing, unknown;
  for (const std::string& name : ours) {
    if (!theirs.contains(name)) missing.push_back(name);
  }
  for (const auto& [name, tensor] : theirs) {
    if (!ours.contains(name)) unknown.push_back(name);
  }
  const auto list = [](std::vector<std::string>& names) {
    const bool is_long = names.size() > 3;
    if (is_long) names.resize(3);
    return fmt::format("{}{}", fmt::join(names, ", "), is_long ? ", …" : "");
  };
  if (missing.empty() && unknown.empty()) return;
  throw Error(ErrorKind::input, fmt::format("these are weights of another network{}{}",
                                            missing.empty() ? "" : "; it lacks " + list(missing),
                                            unknown.empty() ? "" : "; this one has no " + list(unknown)));
}

}  // namespace

std::vector<std::string> load_pretrained(Network& network, const NamedTensors& weights, const PretrainedRules& rules) {
  const at::NoGradGuard no_gradients;
  const std::map<std::string, at::Tensor> theirs = by_name(weights);
  const NamedTensors parameters = network.parameters();
  const std::string first = first_convolution(parameters);
  const std::vector<std::string> head = network.head();
  const auto is_head = [&](const std::string& name) { return std::find(head.begin(), head.end(), name) != head.end(); };

  NamedTensors wanted = parameters;
  for (const NamedTensors& buffers : {network.statistics(), network.constants()}) {
    wanted.insert(wanted.end(), buffers.begin(), buffers.end());
  }
  std::set<std::string> names;
  for (const NamedTensor& item : wanted) names.insert(item.name);
  std::map<std::string, at::Tensor> known = theirs;
  std::erase_if(known, [](const auto& item) { return item.first.ends_with("num_batches_tracked"); });
  if (!rules.is_head_kept) {
    for (const std::string& name : head) names.erase(name), known.erase(name);
  }
  check_names(names, known);

  std::vector<std::string> skipped;
  for (const NamedTensor& item : wanted) {
    if (!rules.is_head_kept && is_head(item.name)) {
      skipped.push_back(item.name);
      continue;
    }
    const at::Tensor& value = theirs.at(item.name);
    if (value.sizes() == item.tensor.sizes()) {
      item.tensor.copy_(value);
    } else if (item.name == first && differ_in_bands_alone(item.tensor, value)) {
      if (rules.first_convolution == FirstConvolution::average) {
        item.tensor.copy_(spread_over_bands(value, item.tensor.size(1)));
      } else {
        skipped.push_back(item.name);
      }
    } else {
      throw Error(ErrorKind::input, fmt::format("{} has the shape {} there and {} here", item.name, shape_text(value),
                                                shape_text(item.tensor)));
    }
  }
  return skipped;
}

}  // namespace eoshard::train
