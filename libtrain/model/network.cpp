#include "libtrain/model/network.hpp"

#include <fmt/format.h>
#include <torch/nn.h>

#include "libingest/core/error.hpp"
#include "libtrain/model/resnet.hpp"

namespace eoshard::train {

std::unique_ptr<Network> make_network(const std::string& name, NetworkShape shape, std::uint64_t seed) {
  torch::manual_seed(seed);
  if (name == "resnet18") return make_resnet18(shape);
  if (name == "resnet50") return make_resnet50(shape);
  throw Error(ErrorKind::usage, fmt::format("unknown model '{}'; known are resnet18 and resnet50", name));
}

}  // namespace eoshard::train
