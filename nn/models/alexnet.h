// AlexNet (Krizhevsky, arXiv:1404.5997, "one weird trick"), as torchvision.models.alexnet defines it.
//
//   features:   five convolutions with relu (11x11 with stride 4, 5x5, three of 3x3), three 3x3 max pools with stride 2
//   avgpool:    to 6x6
//   classifier: dropout and linear, three times, with relu between
//   x float32 [N, 3, H, W], H and W at least 63 -> logits [N, classes]
// Keys "features.0.weight", "classifier.1.weight".
#pragma once

#include "nn/layers/layers.h"
#include "nn/layers/sequential.h"
#include "nn/models/head.h"

namespace octet::nn {

class AlexNet : public Module {
 public:
  AlexNet(int64_t in_channels, std::unique_ptr<Module> head);

  static constexpr int64_t kSide = 6;                        // of the pooled image
  static constexpr int64_t kFeatures = 256 * kSide * kSide;  // into the head
  static HeadLayer head(int64_t classes);

 protected:
  Value forward(const Value& x) override;

 private:
  Sequential& features_;
  AdaptiveAvgPool2d& avgpool_;
  Module& classifier_;
};

}  // namespace octet::nn
