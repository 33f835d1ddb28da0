// VGG (Simonyan and Zisserman, arXiv:1409.1556) with or without batch norm, as torchvision.models.vgg11 to vgg19_bn define it.
//
//   features:   five blocks of 3x3 convolutions, each with a relu (and batch norm), a 2x2 max pool behind each block
//   avgpool:    to 7x7
//   classifier: three linear layers
//   x float32 [N, 3, H, W], H and W at least 32 -> logits [N, classes]
// Keys "features.0.weight", "classifier.0.weight".
#pragma once

#include <array>

#include "nn/layers/layers.h"
#include "nn/layers/sequential.h"
#include "nn/models/head.h"

namespace octet::nn {

struct VggOptions {
  std::array<int, 5> convolutions;  // of each block
  bool batch_norm;
  int64_t in_channels = 3;
};
inline constexpr VggOptions kVgg11{{1, 1, 2, 2, 2}, false}, kVgg13{{2, 2, 2, 2, 2}, false}, kVgg16{{2, 2, 3, 3, 3}, false},
    kVgg19{{2, 2, 4, 4, 4}, false};
inline constexpr VggOptions kVgg11Bn{{1, 1, 2, 2, 2}, true}, kVgg13Bn{{2, 2, 2, 2, 2}, true}, kVgg16Bn{{2, 2, 3, 3, 3}, true},
    kVgg19Bn{{2, 2, 4, 4, 4}, true};

class Vgg : public Module {
 public:
  Vgg(const VggOptions& options, std::unique_ptr<Module> head);

  static constexpr int64_t kSide = 7;                        // of the pooled image
  static constexpr int64_t kFeatures = 512 * kSide * kSide;  // into the head
  static HeadLayer head(int64_t classes);
  /// The places of the convolutions in `features`.
  static std::vector<int> places(const VggOptions& options);

 protected:
  Value forward(const Value& x) override;

 private:
  Sequential& features_;
  AdaptiveAvgPool2d& avgpool_;
  Module& classifier_;
};

}  // namespace octet::nn
