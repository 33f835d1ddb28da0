// int8 convolution as its definition says it: the naive twin of ops/int8/conv2d.h. A linear layer is the 1x1 case.
#pragma once

#include "ops/int8/conv2d.h"
#include "ops/int8/linear.h"

namespace octet::ops::reference {

/// acc[n, p, q, k] = sum over r, s, c of (x[n, h, w, c] - zx) * weight[k, c, r, s], int32; x [N, H, W, C] -> [N, P, Q, K].
Tensor int8_conv2d_accumulators(const Tensor& x, const int8::Conv2dParams& params);

/// The codes, by the formulas of ops/engines/requantize.h written out once more with the standard library's rounding.
Tensor int8_conv2d(const Tensor& x, const int8::Conv2dParams& params);
/// x [N, C] -> [N, K], by the engine's rule for linear layers.
Tensor int8_linear(const Tensor& x, const int8::LinearParams& params);

}  // namespace octet::ops::reference
