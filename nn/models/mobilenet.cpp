#include "nn/models/mobilenet.h"

#include "nn/layers/batch_norm.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/layers.h"

namespace octet::nn {
namespace {

using Activation = MobileNetV2::Activation;

/// Convolution, batch norm, relu6 or relu. torchvision.ops.Conv2dNormActivation.
void append_conv_bn_relu(Sequential& to, Activation activation, int64_t in_channels, int64_t out_channels,
                         Conv2d::Options options) {
  options.padding = (options.kernel.h - 1) / 2;
  options.bias = false;
  auto& layers = to.append<Sequential>();
  layers.append<Conv2d>(in_channels, out_channels, options);
  layers.append<BatchNorm>(out_channels);
  if (activation == Activation::relu6)
    layers.append<ReLU6>();
  else
    layers.append<ReLU>();
}

class InvertedResidual : public Module {
 public:
  InvertedResidual(int64_t in_channels, int64_t out_channels, int64_t stride, int64_t expansion, Activation activation)
      : conv_(add<Sequential>("conv")), has_shortcut_(stride == 1 && in_channels == out_channels) {
    const int64_t wide = in_channels * expansion;
    if (expansion != 1) append_conv_bn_relu(conv_, activation, in_channels, wide, {.kernel = 1});
    append_conv_bn_relu(conv_, activation, wide, wide, {.kernel = 3, .stride = stride, .groups = wide});
    conv_.append<Conv2d>(wide, out_channels, Conv2d::Options{.kernel = 1, .bias = false});
    conv_.append<BatchNorm>(out_channels);
  }

 protected:
  Value forward(const Value& x) override { return has_shortcut_ ? functional::add(x, conv_(x)) : conv_(x); }

 private:
  Sequential& conv_;
  bool has_shortcut_;
};

struct Stage {
  int64_t expansion, channels, blocks, stride;
};
constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                             {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
constexpr int64_t kStem = 32;

}  // namespace

MobileNetV2::MobileNetV2(int64_t in_channels, std::unique_ptr<Module> head, Activation activation)
    : features_(add<Sequential>("features")), classifier_(adopt("classifier", std::move(head))) {
  append_conv_bn_relu(features_, activation, in_channels, kStem, {.kernel = 3, .stride = 2});
  int64_t channels = kStem;
  for (const Stage& stage : kStages)
    for (int64_t block = 0; block < stage.blocks; ++block) {
      const int64_t stride = block == 0 ? stage.stride : 1;
      features_.append<InvertedResidual>(channels, stage.channels, stride, stage.expansion, activation);
      channels = stage.channels;
    }
  append_conv_bn_relu(features_, activation, channels, kFeatures, {.kernel = 1});
}

HeadLayer MobileNetV2::head(int64_t classes) {
  return HeadLayer::sequence("classifier",
                             {HeadLayer::plain("", HeadLayer::Kind::dropout, 0.2f), HeadLayer::linear("", kFeatures, classes)});
}

Value MobileNetV2::forward(const Value& x) {
  const Value y = functional::adaptive_avg_pool2d(features_(x), ops::Size2(1, 1));  // [N, 1280, 1, 1]
  return classifier_(functional::flatten(y));
}

}  // namespace octet::nn
