// The loss that is written out here beside LibTorch's own.
#include "libtrain/loss/loss.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace eoshard::train {
namespace {

constexpr double kSmoothing = 0.1;

struct LossAndGradient {
  at::Tensor loss, gradient;
};

template <class Loss>
LossAndGradient differentiate(const at::Tensor& logits, const Loss& loss_of) {
  const at::Tensor leaf = logits.clone().set_requires_grad(true);
  const at::Tensor loss = loss_of(leaf);
  loss.backward();
  return {loss.detach(), leaf.grad()};
}

TEST(MeanLoss, OfWeightedSmoothedClassesIsLibTorchs) {
  at::manual_seed(3);
  const at::Tensor logits = at::randn({12, 5}) * 3;
  const at::Tensor classes = at::randint(5, {12}, at::kLong);
  const LossOptions options{Task::single_label, kSmoothing, at::rand({5}) + 0.5};
  const LossAndGradient own =
      differentiate(logits, [&](const at::Tensor& leaf) { return mean_loss(options, leaf, classes); });
  const LossAndGradient wanted = differentiate(logits, [&](const at::Tensor& leaf) {
    return at::cross_entropy_loss(leaf, classes, options.class_weights, at::Reduction::Mean, -100, kSmoothing);
  });
  EXPECT_TRUE(at::allclose(own.loss, wanted.loss, 1e-6, 0)) << own.loss << wanted.loss;
  EXPECT_TRUE(at::allclose(own.gradient, wanted.gradient, 1e-5, 1e-7));
}

}  // namespace
}  // namespace eoshard::train
