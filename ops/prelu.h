// prelu: y = x where it is positive, weight * x elsewhere; the weight is learned: one for all channels, [1], or one for each, [C].
//   x [N, C, ...].  Backward: dx = dy * (x > 0 ? 1 : weight),   dweight = sum over x <= 0 of dy * x
// (He et al. 2015, arXiv:1502.01852.) PyTorch counterpart: torch.nn.functional.prelu.
#pragma once

#include "tensor/tensor.h"

namespace octet::ops {

Tensor prelu(const Tensor& x, const Tensor& weight);

struct PReluGradients {
  Tensor x, weight;
};
PReluGradients prelu_backward(const Tensor& dy, const Tensor& x, const Tensor& weight);

}  // namespace octet::ops
