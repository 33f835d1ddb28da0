// int8 depthwise convolution: each channel by itself, K = C = groups.
//
//   acc[n, p, q, c] = sum over r, s of (x[n, h, w, c] - zx) * weight[c, 0, r, s],  h = p*stride - padding + r, w likewise
// Per row of output (or two) and block of channels, a thread interleaves the rows of the image that it needs, with their border, and
// multiplies them (ops/cpu/qdepthwise.h): nothing of an image is copied that is not in the first-level cache then.
// Same codes as ops/int8/conv2d.h, which chooses between the ways.
#pragma once

#include "ops/conv/im2col.h"
#include "ops/cpu/isa.h"
#include "ops/int8/follow_up.h"

namespace octet::ops::int8 {

class DepthwiseConv2d {
 public:
  static bool applies(const Tensor& weight, const Conv2dOptions& options) {
    return weight.size(1) == 1 && options.groups == weight.size(0) && options.dilation == Size2(1);
  }

  /// weight qint8 [C, 1, R, S]; requantization.stays_in_int32(weight).
  DepthwiseConv2d(const Tensor& weight, Size2 stride, int32_t input_zero_point, const Requantization& requantization,
                  const cpu::DepthwiseKernel& kernel = *cpu::kernels().qdepthwise);

  /// x quint8 [N, H, W, C] -> [N, P, Q, C].
  Tensor operator()(const Tensor& x, const Im2colShape& shape, const FollowUp& follow_up = {}) const;

 private:
  const cpu::DepthwiseKernel& kernel_;
  int32_t input_zero_point_;
  cpu::DepthwiseWeights weights_;
};

}  // namespace octet::ops::int8
