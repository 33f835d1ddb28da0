// Convolution as its definition says it: seven loops, the naive twin of ops/conv/conv2d.h and the oracle of its tests.
//
//   y[n, k, p, q] = bias[k] + sum over c, r, s of x[n, c, p*stride - padding + r, q*stride - padding + s] * weight[k, c, r, s]
#pragma once

#include "ops/options.h"
#include "tensor/tensor.h"

namespace octet::ops::reference {

/// x [N, C, H, W], weight [K, C/G, R, S], bias [K] or undefined -> [N, K, P, Q]; sums in double.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options = {});

}  // namespace octet::ops::reference
