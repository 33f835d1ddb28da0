// MobileNetV2 (Sandler et al., arXiv:1801.04381), as torchvision.models.mobilenet_v2 defines it at width 1.
//
//   features: a 3x3 convolution, 17 inverted residuals (1x1 to more channels, 3x3 depthwise, 1x1 back; with a shortcut where
//             the shape stays), a 1x1 convolution; every convolution has a batch norm, all but the narrowing one a relu6
//   x float32 [N, 3, H, W], H and W at least 32 -> mean over the image -> logits [N, classes]
// Keys "features.0.0.weight", "features.1.conv.0.0.weight", "classifier.1.weight". torchvision's quantized models have relu in place
// of relu6 (torchvision.models.quantization.mobilenet_v2).
#pragma once

#include "nn/layers/sequential.h"
#include "nn/models/head.h"

namespace octet::nn {

class MobileNetV2 : public Module {
 public:
  enum class Activation { relu6, relu };
  MobileNetV2(int64_t in_channels, std::unique_ptr<Module> head, Activation activation = Activation::relu6);

  static constexpr int64_t kFeatures = 1280;  // into the head
  static HeadLayer head(int64_t classes);

 protected:
  Value forward(const Value& x) override;

 private:
  Sequential& features_;
  Module& classifier_;
};

}  // namespace octet::nn
