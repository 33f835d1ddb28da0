#include "nn/models/vgg.h"

namespace octet::nn {
namespace {

constexpr int kPool = 0;  // in kLayers, between output channels of convolutions
constexpr int kLayers[] = {64, kPool, 128, kPool, 256, 256, kPool, 512, 512, kPool, 512, 512, kPool};
constexpr int64_t kSide = 7, kHidden = 4096;

}  // namespace

Vgg11Bn::Vgg11Bn(int64_t classes)
    : features_(add<Sequential>("features")),
      avgpool_(add<AdaptiveAvgPool2d>("avgpool", ops::Size2(kSide, kSide))),
      classifier_(add<Sequential>("classifier")) {
  int64_t channels = 3;
  for (const int layer : kLayers) {
    if (layer == kPool) {
      features_.append<MaxPool2d>(ops::MaxPool2dOptions{.kernel = 2, .stride = 2});
      continue;
    }
    features_.append<Conv2d>(channels, layer, Conv2d::Options{.kernel = 3, .padding = 1});
    features_.append<BatchNorm>(layer);
    features_.append<ReLU>();
    channels = layer;
  }
  for (const int64_t inputs : {channels * kSide * kSide, kHidden}) {
    classifier_.append<Linear>(inputs, kHidden);
    classifier_.append<ReLU>();
    classifier_.append<Dropout>(0.5f);
  }
  classifier_.append<Linear>(kHidden, classes);
}

Value Vgg11Bn::forward(const Value& x) { return classifier_(functional::flatten(avgpool_(features_(x)))); }

}  // namespace octet::nn
