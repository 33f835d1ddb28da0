// Sigmoids as a layer and as a function: behind a convolution, and of values that nothing else quantizes
// (tests/golden/golden_networks.py, Gates).
#pragma once

#include "nn/layers/conv2d.h"
#include "nn/layers/layers.h"
#include "nn/layers/linear.h"

namespace octet::test {

class Gates : public nn::Module {
 public:
  explicit Gates(int64_t classes)
      : stem_(add<nn::Conv2d>("stem", 3, 16, nn::Conv2d::Options{.kernel = 3, .stride = 2, .padding = 1})),
        gate_(add<nn::Sigmoid>("gate")),
        inner_(add<nn::Conv2d>("inner", 16, 24, nn::Conv2d::Options{.kernel = 3, .padding = 1})),
        pool_(add<nn::AdaptiveMaxPool2d>("pool", 2)),
        fc_(add<nn::Linear>("fc", 96, classes)) {}

 protected:
  nn::Value forward(const nn::Value& x) override {
    namespace F = nn::functional;
    const nn::Value y = inner_(gate_(stem_(x)));   // [N, 3, H, W] -> [N, 24, H/2, W/2]
    return fc_(F::flatten(F::sigmoid(pool_(y))));  // [N, 24, 2, 2] -> [N, classes]
  }

 private:
  nn::Conv2d& stem_;
  nn::Sigmoid& gate_;
  nn::Conv2d& inner_;
  nn::AdaptiveMaxPool2d& pool_;
  nn::Linear& fc_;
};

}  // namespace octet::test
