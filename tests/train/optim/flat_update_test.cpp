#include "libtrain/optim/flat_update.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/shared_vectors.hpp"

namespace eoshard::train {
namespace {

using Json = nlohmann::json;

void one_after_another(std::int64_t count, const std::function<void(std::int64_t)>& work) {
  for (std::int64_t block = 0; block < count; ++block) work(block);
}

void backwards(std::int64_t count, const std::function<void(std::int64_t)>& work) {
  for (std::int64_t block = count; block > 0; --block) work(block - 1);
}

UpdateRule rule_of(const std::string& name) {
  if (name.starts_with("sgd")) return UpdateRule::sgd;
  if (name.starts_with("lars")) return UpdateRule::lars;
  if (name.starts_with("lamb")) return UpdateRule::lamb;
  return name.starts_with("novograd") ? UpdateRule::novograd : UpdateRule::adamw;
}

UpdateOptions options_of(const Json& entry) {
  const Json& given = entry.at("hyperparameters");
  UpdateOptions options;
  options.rule = rule_of(entry.at("name"));
  options.momentum = given.value("momentum", 0.0);
  options.nesterov = given.value("nesterov", false);
  if (given.contains("betas")) {
    options.beta1 = given.at("betas")[0];
    options.beta2 = given.at("betas")[1];
  }
  options.epsilon = given.value("eps", 0.0);
  options.trust = given.value("trust_coeff", 0.0);
  options.is_rate_inside = entry.at("name").get<std::string>().ends_with("rate inside");
  options.has_bias_correction = given.value("bias_correction", true);
  options.are_gradients_averaged = options.rule == UpdateRule::novograd && given.value("grad_averaging", false);
  options.clip_norm = given.value("max_grad_norm", 0.0);
  return options;
}

std::vector<UpdatePlace> places_of(const Json& entry) {
  std::vector<UpdatePlace> places;
  std::int64_t offset = 0;
  for (const Json& parameter : entry.at("parameters")) {
    const double decay = parameter.at("weight_decay");
    const auto length = static_cast<std::int64_t>(parameter.at("initial").size());
    // timm's meaning: a tensor without weight decay does not adapt, unless told to.
    const bool is_adapted = decay != 0 || entry.at("hyperparameters").value("always_adapt", false);
    places.push_back({offset, length, decay, is_adapted});
    offset += length;
  }
  return places;
}

std::vector<double> flat(const Json& entry, const Json& values) {
  std::vector<double> all;
  for (const Json& parameter : entry.at("parameters")) {
    const auto part = values.at(parameter.at("name").get<std::string>()).get<std::vector<double>>();
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

std::vector<double> initial(const Json& entry) {
  std::vector<double> all;
  for (const Json& parameter : entry.at("parameters")) {
    const auto part = parameter.at("initial").get<std::vector<double>>();
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

// Every reference case of torch, timm and the papers' formulas, step by step.
TEST(FlatUpdate, EqualsTheReferenceLibrariesInFloat64) {
  EOSHARD_VECTORS_OR_SKIP(vectors, "optimizers.json");
  std::size_t steps = 0;
  for (const Json& entry : vectors.at("entries")) {
    const FlatUpdate update(options_of(entry), places_of(entry));
    std::vector<double> weights = initial(entry);
    std::vector<double> first(weights.size()), second(weights.size()), moments(update.places().size());
    std::int64_t number = 0;
    for (const Json& step : entry.at("steps")) {
      std::vector<double> gradients = flat(entry, step.at("gradients"));
      update.apply<double>({weights.data(), gradients.data(), first.data(), second.data(), moments.data()},
                           step.at("lr"), ++number, one_after_another);
      const std::vector<double> after = flat(entry, step.at("after"));
      for (std::size_t index = 0; index < after.size(); ++index, ++steps) {
        EXPECT_NEAR(weights[index], after[index], 1e-12) << entry.at("name") << " step " << number;
      }
    }
  }
  EXPECT_EQ(vectors.at("entries").size(), 35u);
  EXPECT_GE(steps, 35u * 3 * 4);
}

// A long tensor is cut into blocks; who computes them in which order must not show.
TEST(FlatUpdate, TheOrderOfBlocksDoesNotMatter) {
  for (const UpdateRule rule : {UpdateRule::lars, UpdateRule::lamb, UpdateRule::novograd}) {
    UpdateOptions options;
    options.rule = rule;
    options.clip_norm = 0.5;
    options.ema_decay = 0.9;
    const std::int64_t length = 3 * FlatUpdate::kBlock + 17;
    const FlatUpdate update(options, {{0, length - 5, 0.01, true}, {length - 5, 5, 0, false}});
    std::vector<std::vector<float>> results;
    for (const auto& order : {ParallelBlocks(one_after_another), ParallelBlocks(backwards)}) {
      std::vector<float> weights, gradients;
      for (std::int64_t i = 0; i < length; ++i) weights.push_back(0.001F * static_cast<float>(i % 997) - 0.3F);
      for (std::int64_t i = 0; i < length; ++i) gradients.push_back(0.01F * static_cast<float>(i % 89) - 0.4F);
      std::vector<float> first(weights.size()), second(weights.size()), average(weights);
      std::vector<double> moments(2);
      for (std::int64_t step = 1; step <= 2; ++step) {
        std::vector<float> spent = gradients;
        update.apply<float>({weights.data(), spent.data(), first.data(), second.data(), moments.data(), average.data()},
                            0.1, step, order);
      }
      weights.insert(weights.end(), average.begin(), average.end());
      results.push_back(weights);
    }
    EXPECT_EQ(results[0], results[1]);
  }
}

TEST(FlatUpdate, ClippingBringsTheWholeGradientToItsNorm) {
  UpdateOptions options;
  options.momentum = 0;
  options.nesterov = false;
  options.clip_norm = 1;
  const FlatUpdate update(options, {{0, 1, 0, true}, {1, 1, 0, true}});
  std::vector<double> weights = {0, 0}, gradients = {3, 4};
  update.apply<double>({weights.data(), gradients.data()}, 1, 1, one_after_another);
  EXPECT_NEAR(weights[0], -0.6, 1e-15);
  EXPECT_NEAR(weights[1], -0.8, 1e-15);
  gradients = {0.3, 0.4};  // within the norm: left as it is
  update.apply<double>({weights.data(), gradients.data()}, 1, 2, one_after_another);
  EXPECT_NEAR(weights[0], -0.9, 1e-15);
}

TEST(FlatUpdate, TheAverageFollowsTheWeights) {
  UpdateOptions options;
  options.momentum = 0;
  options.nesterov = false;
  options.ema_decay = 0.75;
  const FlatUpdate update(options, {{0, 1, 0, true}});
  std::vector<double> weights = {1}, gradients = {1}, average = {1};
  FlatVectors<double> vectors{weights.data(), gradients.data()};
  vectors.average = average.data();
  update.apply(vectors, 1, 1, one_after_another);
  EXPECT_DOUBLE_EQ(weights[0], 0);
  EXPECT_DOUBLE_EQ(average[0], 0.75);
}

// Weights, moments and average after a step with such a squared norm.
std::vector<double> after_step(UpdateRule rule, const double* squared_norm) {
  UpdateOptions options;
  options.rule = rule;
  options.ema_decay = 0.5;
  const FlatUpdate update(options, {{0, 2, 0.1, true}});
  std::vector<double> weights = {1, 2}, gradients = {3, 4}, first = {5, 6}, second = {7, 8}, moment = {9},
                      average = {0, 1};
  FlatVectors<double> vectors{weights.data(), gradients.data(), first.data(),
                              second.data(),  moment.data(),    average.data()};
  vectors.squared_norm = squared_norm;
  update.apply(vectors, 0.1, 3, one_after_another);
  for (const auto& part : {first, second, moment, average}) weights.insert(weights.end(), part.begin(), part.end());
  return weights;
}

TEST(FlatUpdate, AnOverflowChangesNothing) {
  const std::vector<double> before = {1, 2, 5, 6, 7, 8, 9, 0, 1};
  for (const UpdateRule rule :
       {UpdateRule::sgd, UpdateRule::lars, UpdateRule::lamb, UpdateRule::novograd, UpdateRule::adamw}) {
    for (const double norm : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
      EXPECT_EQ(after_step(rule, &norm), before);
    const double norm = 25;
    EXPECT_NE(after_step(rule, &norm), before);
    EXPECT_EQ(after_step(rule, &norm), after_step(rule, nullptr));
  }
}

TEST(FlatUpdate, SquaredNormOfALongVector) {
  const std::vector<float> values(3 * FlatUpdate::kBlock + 1, 0.5F);
  EXPECT_DOUBLE_EQ(squared_norm(values.data(), static_cast<std::int64_t>(values.size()), one_after_another),
                   0.25 * static_cast<double>(values.size()));
}

}  // namespace
}  // namespace eoshard::train
