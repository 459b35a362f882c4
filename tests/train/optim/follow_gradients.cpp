// Applies recorded gradients to weights, in float32, for the script that compares with timm and PyTorch:
// follow_gradients RULE WEIGHT_DECAY CLIP STEPS RATE LENGTH... < weights and gradients > weights
// Standard input holds float32: the weights, then STEPS gradients. Every second tensor has neither decay nor a ratio.
#include <cstdlib>
#include <iostream>

#include "libtrain/optim/flat_update.hpp"

int main(int argc, char** argv) {
  using namespace eoshard::train;
  if (argc < 7) return 2;
  UpdateOptions options;
  options.rule = parse_update_rule(argv[1]);
  if (options.rule == UpdateRule::lamb) options.epsilon = 1e-6;
  if (options.rule == UpdateRule::novograd) options.beta1 = 0.95, options.beta2 = 0.98;
  const double decay = std::atof(argv[2]);
  options.clip_norm = std::atof(argv[3]);
  const std::int64_t steps = std::atoll(argv[4]);
  const double rate = std::atof(argv[5]);
  std::vector<UpdatePlace> places;
  std::int64_t length = 0;
  for (int argument = 6; argument < argc; ++argument) {
    const bool is_matrix = argument % 2 == 0;
    places.push_back({length, std::atoll(argv[argument]), is_matrix ? decay : 0, is_matrix});
    length += places.back().length;
  }
  const auto read = [&] {
    std::vector<float> values(static_cast<std::size_t>(length));
    std::cin.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(4 * values.size()));
    return values;
  };
  std::vector<float> weights = read(), first(weights.size()), second(weights.size());
  std::vector<double> moments(places.size());
  const FlatUpdate update(options, places);
  for (std::int64_t step = 1; step <= steps; ++step) {
    std::vector<float> gradients = read();
    update.apply<float>({weights.data(), gradients.data(), first.data(), second.data(), moments.data()}, rate, step,
                        [](std::int64_t count, const std::function<void(std::int64_t)>& work) {
                          for (std::int64_t block = 0; block < count; ++block) work(block);
                        });
  }
  std::cout.write(reinterpret_cast<const char*>(weights.data()), static_cast<std::streamsize>(4 * weights.size()));
  return std::cin ? 0 : 1;
}
