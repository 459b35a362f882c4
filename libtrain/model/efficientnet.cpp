#include "libtrain/model/efficientnet.hpp"

#include <torch/nn.h>

#include <array>
#include <cmath>

#include "libtrain/model/module_network.hpp"

namespace eoshard::train {
namespace {

namespace nn = torch::nn;

struct Convolution {
  std::int64_t in = 0, out = 0, kernel = 1, stride = 1, groups = 1;
};

nn::Conv2d convolution(const Convolution& shape, bool has_bias) {
  nn::Conv2d layer(nn::Conv2dOptions(shape.in, shape.out, shape.kernel)
                       .stride(shape.stride)
                       .padding(shape.kernel / 2)
                       .groups(shape.groups)
                       .bias(has_bias));
  nn::init::kaiming_normal_(layer->weight, 0, torch::kFanOut);
  if (has_bias) nn::init::zeros_(layer->bias);
  return layer;
}

// Convolution, batch norm and, unless it is the last of a block, SiLU.
class ConvolutionUnit : public nn::Module {
 public:
  ConvolutionUnit(const Convolution& shape, bool is_activated) : is_activated_(is_activated) {
    convolution_ = register_module("0", convolution(shape, false));
    norm_ = register_module("1", batch_norm(shape.out));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    torch::Tensor x = norm_(convolution_(input));
    return is_activated_ ? torch::silu_(x) : x;
  }

 private:
  nn::Conv2d convolution_{nullptr};
  nn::BatchNorm2d norm_{nullptr};
  bool is_activated_;
};

// Scales channels by what the whole image says of them.
class SqueezeExcitation : public nn::Module {
 public:
  SqueezeExcitation(std::int64_t channels, std::int64_t squeezed) {
    fc1_ = register_module("fc1", convolution({channels, squeezed}, true));
    fc2_ = register_module("fc2", convolution({squeezed, channels}, true));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    torch::Tensor squeezed = torch::adaptive_avg_pool2d(input, {1, 1});
    squeezed = fc1_(squeezed);
    return fc2_(torch::silu_(squeezed)).sigmoid() * input;
  }

 private:
  nn::Conv2d fc1_{nullptr}, fc2_{nullptr};
};

// One row of the paper's table 1.
struct Stage {
  int expansion;
  std::int64_t kernel, stride, in, out;
  int blocks;
};
constexpr std::array<Stage, 7> kStages = {{{1, 3, 1, 32, 16, 1},
                                           {6, 3, 2, 16, 24, 2},
                                           {6, 5, 2, 24, 40, 2},
                                           {6, 3, 2, 40, 80, 3},
                                           {6, 5, 1, 80, 112, 3},
                                           {6, 5, 2, 112, 192, 4},
                                           {6, 3, 1, 192, 320, 1}}};
constexpr std::int64_t kFeatures = 1280;

// Expand, depthwise convolution, squeeze and excite, project; the sum with the input where the shapes allow it.
class InvertedResidual : public nn::Module {
 public:
  InvertedResidual(const Stage& stage, double drop_probability)
      : survival_(1 - drop_probability), is_residual_(stage.stride == 1 && stage.in == stage.out) {
    const std::int64_t wide = stage.in * stage.expansion;
    auto block = std::make_shared<nn::Module>("block");
    int place = 0;
    const auto add = [&](auto part) { return block->register_module(std::to_string(place++), std::move(part)); };
    if (stage.expansion != 1) expand_ = add(std::make_shared<ConvolutionUnit>(Convolution{stage.in, wide}, true));
    depthwise_ =
        add(std::make_shared<ConvolutionUnit>(Convolution{wide, wide, stage.kernel, stage.stride, wide}, true));
    excite_ = add(std::make_shared<SqueezeExcitation>(wide, std::max<std::int64_t>(1, stage.in / 4)));
    project_ = add(std::make_shared<ConvolutionUnit>(Convolution{wide, stage.out}, false));
    register_module("block", std::move(block));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    torch::Tensor x = depthwise_->forward(expand_ ? expand_->forward(input) : input);
    x = project_->forward(excite_->forward(x));
    return is_residual_ ? drop_path(x) + input : x;
  }

 private:
  // Stochastic depth (Huang et al. 2016), sample by sample: the branch is left out, or scaled to keep its mean.
  torch::Tensor drop_path(const torch::Tensor& x) const {
    if (survival_ >= 1 || !is_training()) return x;
    return x * torch::empty({x.size(0), 1, 1, 1}, x.options()).bernoulli_(survival_).div_(survival_);
  }

  std::shared_ptr<ConvolutionUnit> expand_, depthwise_, project_;
  std::shared_ptr<SqueezeExcitation> excite_;
  double survival_;
  bool is_residual_;
};

int block_count() {
  int count = 0;
  for (const Stage& stage : kStages) count += stage.blocks;
  return count;
}

nn::Linear classifier(std::int64_t classes) {
  nn::Linear layer(kFeatures, classes);
  const double range = 1 / std::sqrt(static_cast<double>(classes));
  nn::init::uniform_(layer->weight, -range, range);
  nn::init::zeros_(layer->bias);
  return layer;
}

class EfficientNetModule : public nn::Module {
 public:
  static constexpr const char* kHead = "classifier.1";

  explicit EfficientNetModule(const NetworkOptions& options) : dropout_(options.dropout) {
    const std::int64_t stem_stride = options.has_small_stem ? 1 : 2;
    auto features = std::make_shared<nn::Module>("features");
    const Convolution stem{options.bands, kStages.front().in, 3, stem_stride};
    stem_ = features->register_module("0", std::make_shared<ConvolutionUnit>(stem, true));
    add_stages(*features, options.stochastic_depth);
    last_ =
        features->register_module(std::to_string(kStages.size() + 1),
                                  std::make_shared<ConvolutionUnit>(Convolution{kStages.back().out, kFeatures}, true));
    register_module("features", std::move(features));
    auto head = std::make_shared<nn::Module>("classifier");
    classifier_ = head->register_module("1", classifier(options.classes));
    register_module("classifier", std::move(head));
  }

  torch::Tensor features(const torch::Tensor& images) {
    torch::Tensor x = stem_->forward(images);
    for (const auto& block : blocks_) x = block->forward(x);
    return torch::adaptive_avg_pool2d(last_->forward(x), {1, 1}).flatten(1);
  }

  torch::Tensor head(const torch::Tensor& features) {
    return classifier_(dropout_ > 0 ? torch::dropout(features, dropout_, is_training()) : features);
  }

 private:
  void add_stages(nn::Module& features, double stochastic_depth) {
    for (std::size_t number = 0; number < kStages.size(); ++number) {
      auto group = std::make_shared<nn::Module>("stage");
      Stage stage = kStages[number];
      for (int block = 0; block < kStages[number].blocks; ++block) {
        const double depth = static_cast<double>(blocks_.size()) / block_count();
        blocks_.push_back(group->register_module(std::to_string(block),
                                                 std::make_shared<InvertedResidual>(stage, stochastic_depth * depth)));
        stage.in = stage.out;
        stage.stride = 1;
      }
      features.register_module(std::to_string(number + 1), std::move(group));
    }
  }

  std::shared_ptr<ConvolutionUnit> stem_, last_;
  std::vector<std::shared_ptr<InvertedResidual>> blocks_;
  nn::Linear classifier_{nullptr};
  double dropout_;
};

}  // namespace

std::unique_ptr<Network> make_efficientnet_b0(const NetworkOptions& options) {
  return std::make_unique<ModuleNetwork<EfficientNetModule>>(std::make_shared<EfficientNetModule>(options));
}

}  // namespace eoshard::train
