// EfficientNet-B0 with torchvision's parameter names, shapes and initialisation, for any number of input bands.
// Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019, table 1.
#pragma once

#include <memory>

#include "libtrain/model/network.hpp"

namespace eoshard::train {

std::unique_ptr<Network> make_efficientnet_b0(const NetworkOptions& options);

}  // namespace eoshard::train
