// VGG11 with batch norm (Simonyan and Zisserman, arXiv:1409.1556, configuration A), as torchvision.models.vgg11_bn defines it.
//
//   features:   eight 3x3 convolutions with batch norm and relu, five 2x2 max pools
//   avgpool:    to 7x7
//   classifier: three linear layers
//   x float32 [N, 3, H, W], H and W at least 32 -> logits [N, classes]
// Keys "features.0.weight", "classifier.0.weight".
#pragma once

#include "nn/layers/batch_norm.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/layers.h"
#include "nn/layers/linear.h"
#include "nn/layers/sequential.h"

namespace octet::nn {

class Vgg11Bn : public Module {
 public:
  explicit Vgg11Bn(int64_t classes);

 protected:
  Value forward(const Value& x) override;

 private:
  Sequential& features_;
  AdaptiveAvgPool2d& avgpool_;
  Sequential& classifier_;
};

}  // namespace octet::nn
