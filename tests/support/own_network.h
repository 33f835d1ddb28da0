// A network that is none of nn/models/: two additions and a cat in one forward, and a relu that is called twice.
#pragma once

#include "nn/layers/batch_norm.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/layers.h"
#include "nn/layers/linear.h"
#include "nn/trace.h"
#include "tests/support/training.h"

namespace octet::test {

class OwnNetwork : public nn::Module {
 public:
  OwnNetwork()
      : stem_(add<nn::Conv2d>("stem", 3, 8, nn::Conv2d::Options{.kernel = 3, .stride = 2, .padding = 1, .bias = false})),
        norm_(add<nn::BatchNorm>("norm", 8)),
        inner_(add<nn::Conv2d>("inner", 8, 8, nn::Conv2d::Options{.kernel = 3, .padding = 1})),
        wide_(add<nn::Conv2d>("wide", 16, 16, nn::Conv2d::Options{.kernel = 1})),
        relu_(add<nn::ReLU>("relu")),
        pool_(add<nn::AdaptiveAvgPool2d>("pool", 1)),
        fc_(add<nn::Linear>("fc", 16, 5)) {
    fill_by_formula(*this);
  }

 protected:
  nn::Value forward(const nn::Value& x) override {
    namespace F = nn::functional;
    const nn::Value a = relu_(norm_(stem_(x)));    // [N, 8, H/2, W/2]
    const nn::Value b = F::add(inner_(a), a);      // [N, 8, H/2, W/2]
    const nn::Value c = F::cat(std::array{b, a});  // [N, 16, H/2, W/2]
    const nn::Value d = F::add(wide_(c), c);       // [N, 16, H/2, W/2]
    const nn::Value e = relu_(F::add(d, c));       // [N, 16, H/2, W/2]
    return fc_(F::flatten(pool_(e)));              // [N, 16] -> [N, 5]
  }

 private:
  nn::Conv2d& stem_;
  nn::BatchNorm& norm_;
  nn::Conv2d &inner_, &wide_;
  nn::ReLU& relu_;
  nn::AdaptiveAvgPool2d& pool_;
  nn::Linear& fc_;
};

inline nn::Graph trace_own_network() {
  OwnNetwork network;
  return nn::trace(network, Tensor::zeros({1, 3, 16, 16}));
}

}  // namespace octet::test
