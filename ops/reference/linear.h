// Fully connected layer as its definition says it: the naive twin of ops/linear.h and the oracle of its tests.
//
//   y[n, k] = bias[k] + sum over c of x[n, c] * weight[k, c]
#pragma once

#include "tensor/tensor.h"

namespace octet::ops::reference {

/// x [N, C], weight [K, C], bias [K] or undefined -> [N, K]; sums in double.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);

}  // namespace octet::ops::reference
