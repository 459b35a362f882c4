// What a TorchScript network does with its images first.
#include "libtrain/model/script_network.hpp"

#include <gtest/gtest.h>
#include <torch/script.h>

#include <sstream>
#include <string>

namespace eoshard::train {
namespace {

// A network of one convolution on 2 bands, whose `forward` has `body` before it returns.
bool begins_with_convolution(const std::string& body) {
  torch::jit::Module module("network");
  module.register_parameter("weight", torch::randn({3, 2, 1, 1}), false);
  module.define("def forward(self, x):\n" + body + "\n  return y.mean([2, 3])\n");
  std::ostringstream file;
  module.save(file);
  NetworkOptions options;
  options.name = "network.pt";
  options.script = file.str();
  options.bands = 2;
  options.classes = 3;
  options.rows = options.columns = 4;
  return load_script_network(options)->begins_with_convolution();
}

TEST(ScriptNetwork, BeginsWithAConvolution) {
  EXPECT_TRUE(begins_with_convolution("  y = torch.conv2d(x, self.weight)"));
  EXPECT_TRUE(begins_with_convolution("  assert x.size(1) == 2\n  y = torch.conv2d(x, self.weight)"));
}

TEST(ScriptNetwork, BeginsWithSomethingElse) {
  EXPECT_FALSE(begins_with_convolution("  y = torch.conv2d(x * 1, self.weight)"));
  EXPECT_FALSE(begins_with_convolution("  y = torch.conv2d(x, self.weight) + x.mean()"));
  EXPECT_FALSE(begins_with_convolution("  y = torch.conv2d(x, self.weight)\n  if bool(x.max() > 9):\n    y = -y"));
}

}  // namespace
}  // namespace eoshard::train
