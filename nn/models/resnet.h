// ResNets (He et al., arXiv:1512.03385) in the two forms that checkpoints come in, with PyTorch's state_dict keys.
//
//   ResNet        torchvision.models.resnet18, resnet34, resnet50: conv1 bn1 relu maxpool layer1..layer4 avgpool fc
//                 keys "layer1.0.conv1.weight"
//   FastaiResNet  fastai's create_vision_model(resnet18, n): Sequential(body, head)
//                 keys "0.4.0.conv1.weight"
//   x float32 [N, 3, H, W] normalized by ImageNet's mean and std, H and W at least 32 -> logits [N, classes].
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "nn/layers/batch_norm.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/layers.h"
#include "nn/layers/linear.h"
#include "nn/layers/sequential.h"

namespace octet::nn {

enum class Block { basic, bottleneck };

struct ResNetOptions {
  Block block = Block::basic;
  std::array<int, 4> blocks = {2, 2, 2, 2};  // of each stage
  bool operator==(const ResNetOptions&) const = default;
  /// Channels of the last stage.
  int64_t features() const { return block == Block::basic ? 512 : 2048; }
};
inline constexpr ResNetOptions kResNet18{}, kResNet34{Block::basic, {3, 4, 6, 3}}, kResNet50{Block::bottleneck, {3, 4, 6, 3}};

/// Two 3x3 convolutions with a shortcut: y = relu(bn2(conv2(relu(bn1(conv1(x))))) + downsample(x)).
class BasicBlock : public Module {
 public:
  static constexpr int64_t kExpansion = 1;  // output channels per channel of conv1
  BasicBlock(int64_t in_channels, int64_t channels, int64_t stride);

 protected:
  Value forward(const Value& x) override;

 private:
  Conv2d& conv1_;
  BatchNorm& bn1_;
  ReLU& relu_;
  Conv2d& conv2_;
  BatchNorm& bn2_;
  Sequential* downsample_ = nullptr;  // 1x1 convolution and batch norm where the shape changes
};

/// 1x1, 3x3 and 1x1 convolutions with a shortcut; the last one has four times the channels. The stride is the 3x3 one's, as in
/// torchvision ("ResNet v1.5").
class Bottleneck : public Module {
 public:
  static constexpr int64_t kExpansion = 4;
  Bottleneck(int64_t in_channels, int64_t channels, int64_t stride);

 protected:
  Value forward(const Value& x) override;

 private:
  Conv2d& conv1_;
  BatchNorm& bn1_;
  Conv2d& conv2_;
  BatchNorm& bn2_;
  Conv2d& conv3_;
  BatchNorm& bn3_;
  ReLU& relu_;
  Sequential* downsample_ = nullptr;
};

/// One of a ResNet's four stages, 0 to 3: its blocks, the first with the stride.
class ResNetStage : public Sequential {
 public:
  ResNetStage(const ResNetOptions& options, int stage);
};

class ResNet : public Module {
 public:
  ResNet(const ResNetOptions& options, int64_t classes);

 protected:
  Value forward(const Value& x) override;

 private:
  Conv2d& conv1_;
  BatchNorm& bn1_;
  ReLU& relu_;
  MaxPool2d& maxpool_;
  ResNetStage &layer1_, &layer2_, &layer3_, &layer4_;
  AdaptiveAvgPool2d& avgpool_;
  Linear& fc_;
};

class ResNet18 : public ResNet {
 public:
  explicit ResNet18(int64_t classes) : ResNet(kResNet18, classes) {}
};

/// The largest and the mean activation of each channel side by side: [N, C, H, W] -> [N, 2C, 1, 1]. fastai's
/// AdaptiveConcatPool2d.
class AdaptiveConcatPool2d : public Module {
 public:
  AdaptiveConcatPool2d() : ap_(add<AdaptiveAvgPool2d>("ap", 1)), mp_(add<AdaptiveMaxPool2d>("mp", 1)) {}

 protected:
  Value forward(const Value& x) override;

 private:
  AdaptiveAvgPool2d& ap_;
  AdaptiveMaxPool2d& mp_;
};

/// [N, C, H, W] -> [N, C*H*W]. fastai's Flatten (not a torch.nn layer, so that a trace looks inside).
class FastaiFlatten : public Module {
 protected:
  Value forward(const Value& x) override { return functional::view(x); }
};

class FastaiResNet : public Sequential {
 public:
  FastaiResNet(const ResNetOptions& options, int64_t classes);
};

class FastaiResNet18 : public FastaiResNet {
 public:
  explicit FastaiResNet18(int64_t classes) : FastaiResNet(kResNet18, classes) {}
};

/// Where a parameter of either form lies: 0 the stem and the first two stages, 1 the other two, 2 the head. fastai trains them at
/// different rates (fastai/vision/learner.py: _resnet_split).
int layer_group(std::string_view key);

}  // namespace octet::nn
