// Float convolution of several groups for inference, channels last: each group's channels by themselves.
//
//   y[..., group g's outputs] = inference_conv2d(x[..., group g's channels], weight of group g)
//   x [N, H, W, C], weight [K, C/G, R, S], bias [K] or undefined -> y [N, P, Q, K]
// Copies a group's channels out of x, and its outputs into y. With one channel to a group, DepthwiseConv2d is faster. Twin of
// ops/conv/conv2d.h.
#pragma once

#include <vector>

#include "ops/conv/inference_conv2d.h"

namespace octet::ops {

class GroupedConv2d {
 public:
  GroupedConv2d(const Tensor& weight, const Tensor& bias, const Conv2dOptions& options, bool relu,
                FloatSums sums = FloatSums::fastest);

  Tensor operator()(const Tensor& x) const;

 private:
  std::vector<InferenceConv2d> groups_;
};

}  // namespace octet::ops
