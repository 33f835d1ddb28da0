// Convolution layer: parameters weight [K, C/G, R, S] and bias [K]; the op is ops/conv/conv2d.h. PyTorch: torch.nn.Conv2d.
#pragma once

#include "nn/functional.h"
#include "nn/module.h"

namespace octet::nn {

class Conv2d : public Module {
 public:
  struct Options {
    ops::Size2 kernel;
    ops::Size2 stride = 1;
    ops::Size2 padding = 0;
    int64_t groups = 1;
    bool bias = true;
  };

  Conv2d(int64_t in_channels, int64_t out_channels, const Options& o)
      : options_{.stride = o.stride, .padding = o.padding, .groups = o.groups},
        weight_(add_parameter("weight", Tensor::zeros({out_channels, channels_of_a_group(in_channels, out_channels, o.groups),
                                                       o.kernel.h, o.kernel.w}))) {
    if (o.bias) bias_ = add_parameter("bias", Tensor::zeros({out_channels}));
  }

  bool is_layer() const override { return true; }

 protected:
  Value forward(const Value& x) override { return functional::conv2d(x, weight_, bias_, options_); }

 private:
  static int64_t channels_of_a_group(int64_t in, int64_t out, int64_t groups) {
    OCTET_CHECK(groups > 0 && in % groups == 0 && out % groups == 0, "Conv2d: ", in, " and ", out, " channels in ", groups,
                " groups, expected a number that divides both");
    return in / groups;
  }

  ops::Conv2dOptions options_;
  Value weight_, bias_;
};

}  // namespace octet::nn
