#include "nn/models/resnet.h"

namespace octet::nn {
namespace {

Conv2d::Options conv3x3(int64_t stride) { return {.kernel = 3, .stride = stride, .padding = 1, .bias = false}; }
constexpr int64_t kStemChannels = 64;
Conv2d::Options stem_options() { return {.kernel = 7, .stride = 2, .padding = 3, .bias = false}; }
ops::MaxPool2dOptions stem_pool() { return {.kernel = 3, .stride = 2, .padding = 1}; }

}  // namespace

BasicBlock::BasicBlock(int64_t in_channels, int64_t out_channels, int64_t stride)
    : conv1_(add<Conv2d>("conv1", in_channels, out_channels, conv3x3(stride))),
      bn1_(add<BatchNorm>("bn1", out_channels)),
      relu_(add<ReLU>("relu")),
      conv2_(add<Conv2d>("conv2", out_channels, out_channels, conv3x3(1))),
      bn2_(add<BatchNorm>("bn2", out_channels)) {
  if (stride == 1 && in_channels == out_channels) return;
  downsample_ = &add<Sequential>("downsample");
  downsample_->append<Conv2d>(in_channels, out_channels, Conv2d::Options{.kernel = 1, .stride = stride, .bias = false});
  downsample_->append<BatchNorm>(out_channels);
}

Value BasicBlock::forward(const Value& x) {
  Value y = relu_(bn1_(conv1_(x)));
  y = bn2_(conv2_(y));
  const Value shortcut = downsample_ ? (*downsample_)(x) : x;
  return relu_(functional::add_(y, shortcut));
}

ResNetStage::ResNetStage(int64_t in_channels, int64_t out_channels, int64_t stride) {
  append<BasicBlock>(in_channels, out_channels, stride);
  append<BasicBlock>(out_channels, out_channels, 1);
}

ResNet18::ResNet18(int64_t classes)
    : conv1_(add<Conv2d>("conv1", 3, kStemChannels, stem_options())),
      bn1_(add<BatchNorm>("bn1", kStemChannels)),
      relu_(add<ReLU>("relu")),
      maxpool_(add<MaxPool2d>("maxpool", stem_pool())),
      layer1_(add<ResNetStage>("layer1", kStemChannels, 64, 1)),
      layer2_(add<ResNetStage>("layer2", 64, 128, 2)),
      layer3_(add<ResNetStage>("layer3", 128, 256, 2)),
      layer4_(add<ResNetStage>("layer4", 256, 512, 2)),
      avgpool_(add<AdaptiveAvgPool2d>("avgpool", ops::Size2(1, 1))),
      fc_(add<Linear>("fc", 512, classes)) {}

Value ResNet18::forward(const Value& x) {
  Value y = maxpool_(relu_(bn1_(conv1_(x))));    // [N, 3, H, W] -> [N, 64, H/4, W/4]
  y = layer4_(layer3_(layer2_(layer1_(y))));     // -> [N, 512, H/32, W/32]
  return fc_(functional::flatten(avgpool_(y)));  // -> [N, 512] -> [N, classes]
}

Value AdaptiveConcatPool2d::forward(const Value& x) {
  const Value parts[] = {mp_(x), ap_(x)};
  return functional::cat(parts);
}

FastaiResNet18::FastaiResNet18(int64_t classes) {
  auto& body = append<Sequential>();
  body.append<Conv2d>(3, kStemChannels, stem_options());
  body.append<BatchNorm>(kStemChannels);
  body.append<ReLU>();
  body.append<MaxPool2d>(stem_pool());
  body.append<ResNetStage>(kStemChannels, 64, 1);
  body.append<ResNetStage>(64, 128, 2);
  body.append<ResNetStage>(128, 256, 2);
  body.append<ResNetStage>(256, 512, 2);
  auto& head = append<Sequential>();
  head.append<AdaptiveConcatPool2d>();  // [N, 512, h, w] -> [N, 1024, 1, 1]
  head.append<FastaiFlatten>();
  head.append<BatchNorm>(1024);
  head.append<Dropout>(0.25f);
  head.append<Linear>(1024, 512, Linear::Options{.bias = false});
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
