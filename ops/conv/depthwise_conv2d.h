// Depthwise float convolution for inference, channels last: each channel is convolved by itself.
//
//   y[n, p, q, c] = max(low, bias[c] + sum over r, s of x[n, h, w, c] * weight[c, 0, r, s])
//   h = p*stride - padding + r*dilation, w = q*stride - padding + s*dilation
//   x [N, H, W, C], weight [C, 1, R, S], bias [C] or undefined -> y [N, P, Q, C];  low: 0 with relu, else -infinity
// A few multiply-adds per value read: plain loops along the channels are as fast as memory. Twin of ops/conv/conv2d.h with C
// groups.
#pragma once

#include "ops/conv/im2col.h"
#include "tensor/tensor.h"

namespace octet::ops {

class DepthwiseConv2d {
 public:
  static bool applies(const Shape& weight, const Conv2dOptions& options) {
    return weight.size() == 4 && weight[1] == 1 && options.groups == weight[0];
  }

  DepthwiseConv2d(const Tensor& weight, const Tensor& bias, const Conv2dOptions& options, bool relu);

  Tensor operator()(const Tensor& x) const;

 private:
  Shape weight_shape_;
  Tensor taps_;  // [R, S, C]
  Tensor bias_;  // [C]
  Conv2dOptions options_;
  float low_;
};

}  // namespace octet::ops
