// Fully connected layer: parameters weight [K, C] and bias [K]; the op is ops/linear.h. PyTorch: torch.nn.Linear.
#pragma once

#include "nn/functional.h"
#include "nn/module.h"

namespace octet::nn {

class Linear : public Module {
 public:
  struct Options {
    bool bias = true;
  };

  Linear(int64_t in_features, int64_t out_features) : Linear(in_features, out_features, Options{}) {}
  Linear(int64_t in_features, int64_t out_features, const Options& o)
      : weight_(add_parameter("weight", Tensor::zeros({out_features, in_features}))) {
    if (o.bias) bias_ = add_parameter("bias", Tensor::zeros({out_features}));
  }

  bool is_layer() const override { return true; }

 protected:
  Value forward(const Value& x) override { return functional::linear(x, weight_, bias_); }

 private:
  Value weight_, bias_;
};

}  // namespace octet::nn
