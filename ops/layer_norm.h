// Layer norm and group norm: values with mean 0 and variance 1 within a part of each image, then a factor and a summand.
//
//   y = (x - mean) / sqrt(var + eps) * weight + bias,   mean and var (of the whole part, not of a sample) over
//   layer_norm   all but the first dimension or two: the last ones, as many as weight has, which has a number for each element of them
//   group_norm   the channels of a group and all pixels; weight and bias [C]. groups = C is instance norm, groups = 1 takes all
//   x [N, C] or [N, C, H, W]; weight and bias may be undefined.
// Means and variances are summed in float64. Backward, with v = (x - mean) / sqrt(var + eps) and g = dy * weight:
//   dx = (g - mean(g) - v * mean(g * v)) / sqrt(var + eps),   dweight = sum of dy * v,   dbias = sum of dy
// (Ba et al. 2016, arXiv:1607.06450; Wu and He 2018, arXiv:1803.08494.)
// PyTorch counterparts: torch.nn.functional.layer_norm, group_norm, instance_norm.
#pragma once

#include "tensor/tensor.h"

namespace octet::ops {

Tensor layer_norm(const Tensor& x, const Shape& normalized, const Tensor& weight, const Tensor& bias, float eps);
Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, float eps);

/// Undefined where weight or bias is.
struct NormGradients {
  Tensor x, weight, bias;
};
NormGradients layer_norm_backward(const Tensor& dy, const Tensor& x, const Shape& normalized, const Tensor& weight,
                                  const Tensor& bias, float eps);
NormGradients group_norm_backward(const Tensor& dy, const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias,
                                  float eps);

}  // namespace octet::ops
