#include "libtrain/model/resnet.hpp"

#include <torch/nn.h>

#include <array>

namespace eoshard::train {
namespace {

namespace nn = torch::nn;

nn::Conv2d convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
  nn::Conv2d layer(nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
  nn::init::kaiming_normal_(layer->weight, 0, torch::kFanOut, torch::kReLU);
  return layer;
}

// Momentum 1: the running averages become the batch's own statistics (see Network::statistics).
nn::BatchNorm2d batch_norm(std::int64_t channels) {
  return nn::BatchNorm2d(nn::BatchNorm2dOptions(channels).momentum(1.0));
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
  ResNetModule(NetworkShape shape, std::array<int, 4> depths) {
    conv1_ = register_module("conv1", convolution(shape.bands, kStemWidth, 7, 2));
    bn1_ = register_module("bn1", batch_norm(kStemWidth));
    std::int64_t in = kStemWidth;
    for (std::size_t stage = 0; stage < depths.size(); ++stage) {
      const std::int64_t width = kStemWidth << stage;
      stages_[stage] =
          register_module("layer" + std::to_string(stage + 1), make_stage(in, width, depths[stage], stage));
      in = width * Block::kExpansion;
    }
    fc_ = register_module("fc", nn::Linear(in, shape.classes));
  }

  torch::Tensor forward(const torch::Tensor& images) {
    torch::Tensor x = bn1_(conv1_(images)).relu_();
    x = torch::max_pool2d(x, 3, 2, 1);
    for (nn::Sequential& stage : stages_) x = stage->forward(x);
    return fc_(torch::adaptive_avg_pool2d(x, {1, 1}).flatten(1));
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
};

bool is_counter(const std::string& name) { return name.ends_with("num_batches_tracked"); }

template <class Block>
class ResNet final : public Network {
 public:
  ResNet(NetworkShape shape, std::array<int, 4> depths)
      : module_(std::make_shared<ResNetModule<Block>>(shape, depths)) {}

  at::Tensor forward(const at::Tensor& images) override { return module_->forward(images); }
  void set_training(bool is_training) override { module_->train(is_training); }
  void move_to(at::Device device) override { module_->to(device); }

  NamedTensors parameters() override {
    NamedTensors tensors;
    for (const auto& item : module_->named_parameters()) tensors.push_back({item.key(), item.value()});
    return tensors;
  }
  NamedTensors statistics() override { return buffers(false); }
  NamedTensors update_counts() override { return buffers(true); }

 private:
  NamedTensors buffers(bool are_counters) {
    NamedTensors tensors;
    for (const auto& item : module_->named_buffers()) {
      if (is_counter(item.key()) == are_counters) tensors.push_back({item.key(), item.value()});
    }
    return tensors;
  }

  std::shared_ptr<ResNetModule<Block>> module_;
};

}  // namespace

std::unique_ptr<Network> make_resnet18(NetworkShape shape) {
  return std::make_unique<ResNet<BasicBlock>>(shape, std::array{2, 2, 2, 2});
}

std::unique_ptr<Network> make_resnet50(NetworkShape shape) {
  return std::make_unique<ResNet<Bottleneck>>(shape, std::array{3, 4, 6, 3});
}

}  // namespace eoshard::train
