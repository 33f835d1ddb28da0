// ResNets (He et al., arXiv:1512.03385) in the two forms that checkpoints come in, with PyTorch's state_dict keys.
//
//   ResNet        torchvision.models.resnet18 to resnet152, resnext*, wide_resnet*: conv1 bn1 relu maxpool layer1..layer4 avgpool fc
//                 keys "layer1.0.conv1.weight"
//   FastaiResNet  fastai's create_vision_model(resnet18, n): Sequential(body, head)
//                 keys "0.4.0.conv1.weight"
//   x float32 [N, 3, H, W] normalized by ImageNet's mean and std, H and W at least 32 -> logits [N, classes].
// ResNeXt (arXiv:1611.05431) has groups in its 3x3 convolutions, Wide ResNet (arXiv:1605.07146) more channels there.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "nn/layers/batch_norm.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/layers.h"
#include "nn/layers/linear.h"
#include "nn/layers/sequential.h"
#include "nn/models/head.h"

namespace octet::nn {

enum class Block { basic, bottleneck };

/// The channels of a ResNet: its input's, its stem's and, of each stage, those of the block's first convolution.
struct ResNetWidths {
  int64_t input = 3, stem = 64;
  std::array<int64_t, 4> stages = {64, 128, 256, 512};
  bool operator==(const ResNetWidths&) const = default;
};

struct ResNetOptions {
  Block block = Block::basic;
  std::array<int, 4> blocks = {2, 2, 2, 2};  // of each stage
  int64_t groups = 1, width_per_group = 64;  // of a bottleneck's 3x3 convolution; the width of a group where a stage has 64
  ResNetWidths widths = {};
  bool operator==(const ResNetOptions&) const = default;
  int64_t expansion() const { return block == Block::basic ? 1 : 4; }
  /// Channels of the last stage.
  int64_t features() const { return widths.stages[3] * expansion(); }
};
inline constexpr ResNetOptions kResNet18{}, kResNet34{Block::basic, {3, 4, 6, 3}}, kResNet50{Block::bottleneck, {3, 4, 6, 3}};
inline constexpr ResNetOptions kResNet101{Block::bottleneck, {3, 4, 23, 3}}, kResNet152{Block::bottleneck, {3, 8, 36, 3}};
inline constexpr ResNetOptions kResNext50{Block::bottleneck, {3, 4, 6, 3}, 32, 4},
    kResNext101{Block::bottleneck, {3, 4, 23, 3}, 32, 8}, kResNext101With64Groups{Block::bottleneck, {3, 4, 23, 3}, 64, 4};
inline constexpr ResNetOptions kWideResNet50{Block::bottleneck, {3, 4, 6, 3}, 1, 128},
    kWideResNet101{Block::bottleneck, {3, 4, 23, 3}, 1, 128};

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
/// torchvision ("ResNet v1.5"). width: channels of the 3x3 one, in groups.
class Bottleneck : public Module {
 public:
  static constexpr int64_t kExpansion = 4;
  struct Options {
    int64_t channels, width, stride, groups;
  };
  Bottleneck(int64_t in_channels, const Options& options);

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
  ResNet(const ResNetOptions& options, std::unique_ptr<Module> head);

 protected:
  Value forward(const Value& x) override;

 private:
  Conv2d& conv1_;
  BatchNorm& bn1_;
  ReLU& relu_;
  MaxPool2d& maxpool_;
  ResNetStage &layer1_, &layer2_, &layer3_, &layer4_;
  AdaptiveAvgPool2d& avgpool_;
  Module& fc_;
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
  FastaiResNet(const ResNetOptions& options, std::unique_ptr<Module> head);
};

class FastaiResNet18 : public FastaiResNet {
 public:
  explicit FastaiResNet18(int64_t classes) : FastaiResNet(kResNet18, classes) {}
};

/// The head that fastai's create_head puts on a body with so many channels.
HeadLayer fastai_head(int64_t features, int64_t classes);

/// Where a parameter of any network lies: 0 the stem and the first two stages, 1 the other two, 2 the head. fastai trains them at
/// different rates (fastai/vision/learner.py: _resnet_split). Other networks have the groups 0 and 2.
int layer_group(std::string_view key);

}  // namespace octet::nn
