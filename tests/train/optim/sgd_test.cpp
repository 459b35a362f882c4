#include "libtrain/optim/sgd.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/shared_vectors.hpp"

namespace eoshard::train {
namespace {

at::Tensor vector_of(const nlohmann::json& values) {
  const auto list = values.get<std::vector<double>>();
  return at::tensor(list, at::TensorOptions(at::kDouble));
}

// Every reference case of torch.optim.SGD, step by step.
TEST(Sgd, EqualsTorchInFloat64) {
  EOSHARD_VECTORS_OR_SKIP(vectors, "optimizers.json");
  int cases = 0;
  for (const auto& entry : vectors.at("entries")) {
    if (entry.at("class") != "torch.optim.SGD") continue;
    ++cases;
    std::vector<ParameterSlot> slots;
    SgdOptions options{entry.at("hyperparameters").at("momentum"), entry.at("hyperparameters").at("nesterov"), 0};
    for (const auto& parameter : entry.at("parameters")) {
      const double decay = parameter.at("weight_decay");
      const at::Tensor weight = vector_of(parameter.at("initial"));
      slots.push_back({weight, at::zeros_like(weight), at::zeros_like(weight), decay > 0});
      options.weight_decay = std::max(options.weight_decay, decay);
    }
    for (const auto& step : entry.at("steps")) {
      for (std::size_t index = 0; index < slots.size(); ++index) {
        slots[index].gradient.copy_(vector_of(step.at("gradients").at(entry.at("parameters")[index].at("name"))));
      }
      sgd_step(slots, options, step.at("lr"));
      for (std::size_t index = 0; index < slots.size(); ++index) {
        const at::Tensor after = vector_of(step.at("after").at(entry.at("parameters")[index].at("name")));
        EXPECT_LT((slots[index].weight - after).abs().max().item<double>(), 1e-12) << entry.at("name");
      }
    }
  }
  EXPECT_EQ(cases, 3);
}

// With g = 1, λ = 0: v = 1, 1.5 and w falls by ηv.
TEST(Sgd, PlainMomentumByHand) {
  const at::Tensor weight = at::zeros({3}, at::kDouble);
  std::vector<ParameterSlot> slots = {{weight, at::ones_like(weight), at::zeros_like(weight), false}};
  for (int step = 0; step < 2; ++step) sgd_step(slots, {0.5, false, 0.1}, 0.1);
  EXPECT_NEAR(weight[0].item<double>(), -0.25, 1e-15);
  std::vector<ParameterSlot> without = {{weight, at::ones_like(weight), at::zeros_like(weight), false}};
  sgd_step(without, {0, false, 0.1}, 0.1);
  EXPECT_NEAR(weight[0].item<double>(), -0.35, 1e-15);
}

}  // namespace
}  // namespace eoshard::train
