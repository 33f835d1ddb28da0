#include "nn/models/resnet.h"

namespace octet::nn {
namespace {

Conv2d::Options conv3x3(int64_t stride, int64_t groups = 1) {
  return {.kernel = 3, .stride = stride, .padding = 1, .groups = groups, .bias = false};
}
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

Bottleneck::Bottleneck(int64_t in_channels, const Options& o)
    : conv1_(add<Conv2d>("conv1", in_channels, o.width, conv1x1())),
      bn1_(add<BatchNorm>("bn1", o.width)),
      conv2_(add<Conv2d>("conv2", o.width, o.width, conv3x3(o.stride, o.groups))),
      bn2_(add<BatchNorm>("bn2", o.width)),
      conv3_(add<Conv2d>("conv3", o.width, o.channels * kExpansion, conv1x1())),
      bn3_(add<BatchNorm>("bn3", o.channels * kExpansion)),
      relu_(add<ReLU>("relu")) {
  if (o.stride == 1 && in_channels == o.channels * kExpansion) return;
  downsample_ = &add<Sequential>("downsample");
  append_downsample(*downsample_, in_channels, o.channels * kExpansion, o.stride);
}

Value Bottleneck::forward(const Value& x) {
  Value y = relu_(bn1_(conv1_(x)));
  y = relu_(bn2_(conv2_(y)));
  y = bn3_(conv3_(y));
  const Value shortcut = downsample_ ? (*downsample_)(x) : x;
  return relu_(functional::add_(y, shortcut));
}

ResNetStage::ResNetStage(const ResNetOptions& o, int stage) {
  const auto i = static_cast<size_t>(stage);
  const int64_t channels = o.widths.stages[i];
  constexpr int64_t kUsual = 64;  // channels at which a group has width_per_group
  const int64_t width = channels * o.width_per_group / kUsual * o.groups;
  int64_t in_channels = stage == 0 ? o.widths.stem : o.widths.stages[i - 1] * o.expansion();
  for (int block = 0; block < o.blocks[i]; ++block) {
    const int64_t stride = stage > 0 && block == 0 ? 2 : 1;
    if (o.block == Block::basic)
      append<BasicBlock>(in_channels, channels, stride);
    else
      append<Bottleneck>(in_channels, Bottleneck::Options{channels, width, stride, o.groups});
    in_channels = channels * o.expansion();
  }
}

ResNet::ResNet(const ResNetOptions& o, int64_t classes) : ResNet(o, make_head(HeadLayer::linear("fc", o.features(), classes))) {}

ResNet::ResNet(const ResNetOptions& o, std::unique_ptr<Module> head)
    : conv1_(add<Conv2d>("conv1", o.widths.input, o.widths.stem, stem_options())),
      bn1_(add<BatchNorm>("bn1", o.widths.stem)),
      relu_(add<ReLU>("relu")),
      maxpool_(add<MaxPool2d>("maxpool", stem_pool())),
      layer1_(add<ResNetStage>("layer1", o, 0)),
      layer2_(add<ResNetStage>("layer2", o, 1)),
      layer3_(add<ResNetStage>("layer3", o, 2)),
      layer4_(add<ResNetStage>("layer4", o, 3)),
      avgpool_(add<AdaptiveAvgPool2d>("avgpool", ops::Size2(1, 1))),
      fc_(adopt("fc", std::move(head))) {}

Value ResNet::forward(const Value& x) {
  Value y = maxpool_(relu_(bn1_(conv1_(x))));    // [N, 3, H, W] -> [N, 64, H/4, W/4]
  y = layer4_(layer3_(layer2_(layer1_(y))));     // -> [N, F, H/32, W/32]
  return fc_(functional::flatten(avgpool_(y)));  // -> [N, F] -> [N, classes]
}

Value AdaptiveConcatPool2d::forward(const Value& x) {
  const Value parts[] = {mp_(x), ap_(x)};
  return functional::cat(parts);
}

HeadLayer fastai_head(int64_t features, int64_t classes) {
  using enum HeadLayer::Kind;
  constexpr int64_t kHidden = 512;
  return HeadLayer::sequence(
      "1", {HeadLayer::plain("", concat_pool),  // [N, F, h, w] -> [N, 2F, 1, 1]
            HeadLayer::plain("", flatten), HeadLayer::batch_norm("", 2 * features), HeadLayer::plain("", dropout, 0.25f),
            HeadLayer::linear("", 2 * features, kHidden, false), HeadLayer::plain("", relu), HeadLayer::batch_norm("", kHidden),
            HeadLayer::plain("", dropout, 0.5f), HeadLayer::linear("", kHidden, classes, false)});
}

FastaiResNet::FastaiResNet(const ResNetOptions& o, int64_t classes)
    : FastaiResNet(o, make_head(fastai_head(o.features(), classes))) {}

FastaiResNet::FastaiResNet(const ResNetOptions& o, std::unique_ptr<Module> head) {
  auto& body = append<Sequential>();
  body.append<Conv2d>(o.widths.input, o.widths.stem, stem_options());
  body.append<BatchNorm>(o.widths.stem);
  body.append<ReLU>();
  body.append<MaxPool2d>(stem_pool());
  for (int stage = 0; stage < 4; ++stage) body.append<ResNetStage>(o, stage);
  adopt("1", std::move(head));
}

int layer_group(std::string_view key) {
  for (const char* head : {"1.", "fc.", "classifier."})
    if (key.starts_with(head)) return 2;
  for (const char* late : {"0.6.", "0.7.", "layer3.", "layer4."})
    if (key.starts_with(late)) return 1;
  return 0;
}

}  // namespace octet::nn
