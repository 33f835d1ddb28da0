#include "nn/models/mobilenet.h"

namespace octet::nn {
namespace {

/// Convolution, batch norm, relu6. torchvision.ops.Conv2dNormActivation.
void append_conv_bn_relu6(Sequential& to, int64_t in_channels, int64_t out_channels, int64_t kernel, int64_t stride = 1,
                          int64_t groups = 1) {
  auto& layers = to.append<Sequential>();
  layers.append<Conv2d>(
      in_channels, out_channels,
      Conv2d::Options{.kernel = kernel, .stride = stride, .padding = (kernel - 1) / 2, .groups = groups, .bias = false});
  layers.append<BatchNorm>(out_channels);
  layers.append<ReLU6>();
}

class InvertedResidual : public Module {
 public:
  InvertedResidual(int64_t in_channels, int64_t out_channels, int64_t stride, int64_t expansion)
      : conv_(add<Sequential>("conv")), has_shortcut_(stride == 1 && in_channels == out_channels) {
    const int64_t wide = in_channels * expansion;
    if (expansion != 1) append_conv_bn_relu6(conv_, in_channels, wide, 1);
    append_conv_bn_relu6(conv_, wide, wide, 3, stride, wide);
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
constexpr int64_t kStem = 32, kLast = 1280;

}  // namespace

MobileNetV2::MobileNetV2(int64_t classes) : features_(add<Sequential>("features")), classifier_(add<Sequential>("classifier")) {
  append_conv_bn_relu6(features_, 3, kStem, 3, 2);
  int64_t channels = kStem;
  for (const Stage& stage : kStages)
    for (int64_t block = 0; block < stage.blocks; ++block) {
      features_.append<InvertedResidual>(channels, stage.channels, block == 0 ? stage.stride : 1, stage.expansion);
      channels = stage.channels;
    }
  append_conv_bn_relu6(features_, channels, kLast, 1);
  classifier_.append<Dropout>(0.2f);
  classifier_.append<Linear>(kLast, classes);
}

Value MobileNetV2::forward(const Value& x) {
  const Value y = functional::adaptive_avg_pool2d(features_(x), ops::Size2(1, 1));  // [N, 1280, 1, 1]
  return classifier_(functional::flatten(y));
}

}  // namespace octet::nn
