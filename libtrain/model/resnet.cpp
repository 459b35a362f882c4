#include "libtrain/model/resnet.hpp"

#include <torch/nn.h>

#include <array>

#include "libtrain/model/module_network.hpp"

namespace eoshard::train {
namespace {

namespace nn = torch::nn;

nn::Conv2d convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
  nn::Conv2d layer(nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
  nn::init::kaiming_normal_(layer->weight, 0, torch::kFanOut, torch::kReLU);
  return layer;
}

nn::Sequential projection(std::int64_t in, std::int64_t out, std::int64_t stride) {
  return nn::Sequential(convolution(in, out, 1, stride), batch_norm(out));
}

// Two 3×3 convolutions (ResNet-18).
class BasicBlock : public nn::Module {
 public:
  static constexpr std::int64_t kExpansion = 1;

  BasicBlock(std::int64_t in, std::int64_t width, std::int64_t stride) {
    conv1_ = register_module("conv1", convolution(in, width, 3, stride));
    bn1_ = register_module("bn1", batch_norm(width));
    conv2_ = register_module("conv2", convolution(width, width, 3, 1));
    bn2_ = register_module("bn2", batch_norm(width));
    if (stride != 1 || in != width) downsample_ = register_module("downsample", projection(in, width, stride));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    torch::Tensor x = bn1_(conv1_(input)).relu_();
    x = bn2_(conv2_(x));
    x += downsample_ ? downsample_->forward(input) : input;
    return x.relu_();
  }

 private:
  nn::Conv2d conv1_{nullptr}, conv2_{nullptr};
  nn::BatchNorm2d bn1_{nullptr}, bn2_{nullptr};
  nn::Sequential downsample_{nullptr};
};

// 1×1, 3×3, 1×1 with four times the width at the end (ResNet-50).
class Bottleneck : public nn::Module {
 public:
  static constexpr std::int64_t kExpansion = 4;

  Bottleneck(std::int64_t in, std::int64_t width, std::int64_t stride) {
    const std::int64_t out = width * kExpansion;
    conv1_ = register_module("conv1", convolution(in, width, 1, 1));
    bn1_ = register_module("bn1", batch_norm(width));
    conv2_ = register_module("conv2", convolution(width, width, 3, stride));
    bn2_ = register_module("bn2", batch_norm(width));
    conv3_ = register_module("conv3", convolution(width, out, 1, 1));
    bn3_ = register_module("bn3", batch_norm(out));
    if (stride != 1 || in != out) downsample_ = register_module("downsample", projection(in, out, stride));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    torch::Tensor x = bn1_(conv1_(input)).relu_();
    x = bn2_(conv2_(x)).relu_();
    x = bn3_(conv3_(x));
    x += downsample_ ? downsample_->forward(input) : input;
    return x.relu_();
  }

 private:
  nn::Conv2d conv1_{nullptr}, conv2_{nullptr}, conv3_{nullptr};
  nn::BatchNorm2d bn1_{nullptr}, bn2_{nullptr}, bn3_{nullptr};
  nn::Sequential downsample_{nullptr};
};

constexpr std::int64_t kStemWidth = 64;

template <class Block>
class ResNetModule : public nn::Module {
 public:
  static constexpr const char* kHead = "fc";

  ResNetModule(const NetworkOptions& options, std::array<int, 4> depths)
      : dropout_(options.dropout), has_small_stem_(options.has_small_stem) {
    conv1_ = register_module("conv1", has_small_stem_ ? convolution(options.bands, kStemWidth, 3, 1)
                                                      : convolution(options.bands, kStemWidth, 7, 2));
    bn1_ = register_module("bn1", batch_norm(kStemWidth));
    std::int64_t in = kStemWidth;
    for (std::size_t stage = 0; stage < depths.size(); ++stage) {
      const std::int64_t width = kStemWidth << stage;
      stages_[stage] =
          register_module("layer" + std::to_string(stage + 1), make_stage(in, width, depths[stage], stage));
      in = width * Block::kExpansion;
    }
    fc_ = register_module("fc", nn::Linear(in, options.classes));
  }

  torch::Tensor features(const torch::Tensor& images) {
    torch::Tensor x = bn1_(conv1_(images)).relu_();
    if (!has_small_stem_) x = torch::max_pool2d(x, 3, 2, 1);
    for (nn::Sequential& stage : stages_) x = stage->forward(x);
    return torch::adaptive_avg_pool2d(x, {1, 1}).flatten(1);
  }

  torch::Tensor head(const torch::Tensor& features) {
    return fc_(dropout_ > 0 ? torch::dropout(features, dropout_, is_training()) : features);
  }

 private:
  static nn::Sequential make_stage(std::int64_t in, std::int64_t width, int depth, std::size_t stage) {
    nn::Sequential blocks;
    for (int block = 0; block < depth; ++block) {
      blocks->push_back(Block(block == 0 ? in : width * Block::kExpansion, width, block == 0 && stage > 0 ? 2 : 1));
    }
    return blocks;
  }

  nn::Conv2d conv1_{nullptr};
  nn::BatchNorm2d bn1_{nullptr};
  std::array<nn::Sequential, 4> stages_{nullptr, nullptr, nullptr, nullptr};
  nn::Linear fc_{nullptr};
  double dropout_;
  bool has_small_stem_;
};

}  // namespace

std::unique_ptr<Network> make_resnet18(const NetworkOptions& options) {
  using Module = ResNetModule<BasicBlock>;
  return std::make_unique<ModuleNetwork<Module>>(std::make_shared<Module>(options, std::array{2, 2, 2, 2}));
}

std::unique_ptr<Network> make_resnet50(const NetworkOptions& options) {
  using Module = ResNetModule<Bottleneck>;
  return std::make_unique<ModuleNetwork<Module>>(std::make_shared<Module>(options, std::array{3, 4, 6, 3}));
}

}  // namespace eoshard::train
