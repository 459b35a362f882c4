#include "libtrain/model/network.hpp"

#include <fmt/format.h>
#include <torch/nn.h>

#include "libingest/core/error.hpp"
#include "libtrain/core/train_options.hpp"
#include "libtrain/model/efficientnet.hpp"
#include "libtrain/model/resnet.hpp"
#include "libtrain/model/script_network.hpp"

namespace eoshard::train {

std::unique_ptr<Network> make_network(const NetworkOptions& options, std::uint64_t seed) {
  torch::manual_seed(seed);
  if (options.name == "resnet18") return make_resnet18(options);
  if (options.name == "resnet50") return make_resnet50(options);
  if (options.name == "efficientnet_b0") return make_efficientnet_b0(options);
  if (is_script_file(options.name)) return load_script_network(options);
  throw Error(ErrorKind::usage,
              fmt::format("unknown model '{}'; known are resnet18, resnet50, efficientnet_b0 and TorchScript files "
                          "(.pt)",
                          options.name));
}

}  // namespace eoshard::train
