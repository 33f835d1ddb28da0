// The small net of tests/golden/golden_training.py.
#pragma once

#include "nn/models/resnet.h"

namespace octet::test {

struct SmallNet : nn::Sequential {
  SmallNet() {
    append<nn::Conv2d>(3, 8, nn::Conv2d::Options{.kernel = 3, .stride = 2, .padding = 1, .bias = false});
    append<nn::BatchNorm>(8);
    append<nn::ReLU>();
    append<nn::MaxPool2d>(ops::MaxPool2dOptions{.kernel = 3, .stride = 2, .padding = 1});
    append<nn::BasicBlock>(8, 8, 1);
    append<nn::BasicBlock>(8, 16, 2);
    append<nn::AdaptiveAvgPool2d>(1);
    append<nn::FastaiFlatten>();
    append<nn::Linear>(16, 10);
  }
};

}  // namespace octet::test
