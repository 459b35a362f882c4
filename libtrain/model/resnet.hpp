// Residual networks with torchvision's parameter names, shapes and initialisation, for any number of input bands.
// He et al., "Deep residual learning for image recognition", CVPR 2016; as in torchvision, the 3×3 convolution of a
// bottleneck carries the stride.
#pragma once

#include <memory>

#include "libtrain/model/network.hpp"

namespace eoshard::train {

std::unique_ptr<Network> make_resnet18(const NetworkOptions& options);
std::unique_ptr<Network> make_resnet50(const NetworkOptions& options);

}  // namespace eoshard::train
