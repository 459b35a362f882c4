// A tensor and the name that it has in a state dictionary.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace eoshard::train {

struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};
using NamedTensors = std::vector<NamedTensor>;

}  // namespace eoshard::train
