#include "nn/models/resnet.h"

namespace octet::nn {
namespace {

Conv2d::Options conv3x3(int64_t stride) { return {.kernel = 3, .stride = stride, .padding = 1, .bias = false}; }
constexpr int64_t kStemChannels = 64;
Conv2d::Options stem_options() { return {.kernel = 7, .stride = 2, .padding = 3, .bias = false}; }
ops::MaxPool2dOptions stem_pool() { return {.kernel = 3, .stride = 2, .padding = 1}; }

Conv2d::Options conv1x1(int64_t stride = 1) { return {.kernel = 1, .stride = stride, .bias = false}; }

/// Makes the shortcut's layers fit where the block changes the shape.
void append_downsample(Sequential& downsample, int64_t in_channels, int64_t out_channels, int64_t stride) {
  downsample.append<Conv2d>(in_channels, out_channels, conv1x1(stride));
  downsample.append<BatchNorm>(out_channels);
}

}  // namespace

BasicBlock::BasicBlock(int64_t in_channels, int64_t channels, int64_t stride)
    : conv1_(add<Conv2d>("conv1", in_channels, channels, conv3x3(stride))),
      bn1_(add<BatchNorm>("bn1", channels)),
      relu_(add<ReLU>("relu")),
      conv2_(add<Conv2d>("conv2", channels, channels, conv3x3(1))),
      bn2_(add<BatchNorm>("bn2", channels)) {
  if (stride == 1 && in_channels == channels) return;
  downsample_ = &add<Sequential>("downsample");
  append_downsample(*downsample_, in_channels, channels, stride);
}

Value BasicBlock::forward(const Value& x) {
  Value y = relu_(bn1_(conv1_(x)));
  y = bn2_(conv2_(y));
  const Value shortcut = downsample_ ? (*downsample_)(x) : x;
  return relu_(functional::add_(y, shortcut));
}

Bottleneck::Bottleneck(int64_t in_channels, int64_t channels, int64_t stride)
    : conv1_(add<Conv2d>("conv1", in_channels, channels, conv1x1())),
      bn1_(add<BatchNorm>("bn1", channels)),
      conv2_(add<Conv2d>("conv2", channels, channels, conv3x3(stride))),
      bn2_(add<BatchNorm>("bn2", channels)),
      conv3_(add<Conv2d>("conv3", channels, channels * kExpansion, conv1x1())),
      bn3_(add<BatchNorm>("bn3", channels * kExpansion)),
      relu_(add<ReLU>("relu")) {
  if (stride == 1 && in_channels == channels * kExpansion) return;
  downsample_ = &add<Sequential>("downsample");
  append_downsample(*downsample_, in_channels, channels * kExpansion, stride);
}

Value Bottleneck::forward(const Value& x) {
  Value y = relu_(bn1_(conv1_(x)));
  y = relu_(bn2_(conv2_(y)));
  y = bn3_(conv3_(y));
  const Value shortcut = downsample_ ? (*downsample_)(x) : x;
  return relu_(functional::add_(y, shortcut));
}

ResNetStage::ResNetStage(const ResNetOptions& o, int stage) {
  const int64_t channels = kStemChannels << stage,
                expansion = o.block == Block::basic ? BasicBlock::kExpansion : Bottleneck::kExpansion;
  int64_t in_channels = stage == 0 ? kStemChannels : channels / 2 * expansion;
  for (int block = 0; block < o.blocks[static_cast<size_t>(stage)]; ++block) {
    const int64_t stride = stage > 0 && block == 0 ? 2 : 1;
    if (o.block == Block::basic)
      append<BasicBlock>(in_channels, channels, stride);
    else
      append<Bottleneck>(in_channels, channels, stride);
    in_channels = channels * expansion;
  }
}

ResNet::ResNet(const ResNetOptions& o, int64_t classes)
    : conv1_(add<Conv2d>("conv1", 3, kStemChannels, stem_options())),
      bn1_(add<BatchNorm>("bn1", kStemChannels)),
      relu_(add<ReLU>("relu")),
      maxpool_(add<MaxPool2d>("maxpool", stem_pool())),
      layer1_(add<ResNetStage>("layer1", o, 0)),
      layer2_(add<ResNetStage>("layer2", o, 1)),
      layer3_(add<ResNetStage>("layer3", o, 2)),
      layer4_(add<ResNetStage>("layer4", o, 3)),
      avgpool_(add<AdaptiveAvgPool2d>("avgpool", ops::Size2(1, 1))),
      fc_(add<Linear>("fc", o.features(), classes)) {}

Value ResNet::forward(const Value& x) {
  Value y = maxpool_(relu_(bn1_(conv1_(x))));    // [N, 3, H, W] -> [N, 64, H/4, W/4]
  y = layer4_(layer3_(layer2_(layer1_(y))));     // -> [N, F, H/32, W/32]
  return fc_(functional::flatten(avgpool_(y)));  // -> [N, F] -> [N, classes]
}

Value AdaptiveConcatPool2d::forward(const Value& x) {
  const Value parts[] = {mp_(x), ap_(x)};
  return functional::cat(parts);
}

FastaiResNet::FastaiResNet(const ResNetOptions& o, int64_t classes) {
  auto& body = append<Sequential>();
  body.append<Conv2d>(3, kStemChannels, stem_options());
  body.append<BatchNorm>(kStemChannels);
  body.append<ReLU>();
  body.append<MaxPool2d>(stem_pool());
  for (int stage = 0; stage < 4; ++stage) body.append<ResNetStage>(o, stage);
  auto& head = append<Sequential>();
  head.append<AdaptiveConcatPool2d>();  // [N, F, h, w] -> [N, 2F, 1, 1]
  head.append<FastaiFlatten>();
  head.append<BatchNorm>(2 * o.features());
  head.append<Dropout>(0.25f);
  head.append<Linear>(2 * o.features(), 512, Linear::Options{.bias = false});
  head.append<ReLU>();
  head.append<BatchNorm>(512);
  head.append<Dropout>(0.5f);
  head.append<Linear>(512, classes, Linear::Options{.bias = false});
}

int layer_group(std::string_view key) {
  if (key.starts_with("1.") || key.starts_with("fc.")) return 2;
  for (const char* late : {"0.6.", "0.7.", "layer3.", "layer4."})
    if (key.starts_with(late)) return 1;
  return 0;
}

}  // namespace octet::nn
