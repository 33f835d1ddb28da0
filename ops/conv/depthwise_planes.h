// Float convolution whose groups have one channel each, in planes, forward and backward: what training runs. A multiply-add per value
// read leaves nothing for a matrix product, so these are loops along the rows, and no columns are made.
//
//   y[n, k, p, q]  = bias[k] + sum over r, s of x[n, c, h, w] * weight[k, 0, r, s],   h = p*stride - padding + r, w likewise
//   dx[n, c, h, w] = sum over k of channel c, r, s of dy[n, k, p, q] * weight[k, 0, r, s]
//   dweight[k, 0, r, s] = sum over n, p, q of dy[n, k, p, q] * x[n, c, h, w];   c = k / (K / C)
// Twin of ops/conv/conv2d.h with C groups, which calls it. A thread has whole planes, so the bits do not depend on their number.
#pragma once

#include "ops/conv/conv2d.h"

namespace octet::ops {

/// weight [K, 1, R, S] of as many groups as there are input channels, on the CPU.
bool is_depthwise(const Tensor& weight, const Conv2dOptions& options);

/// y [N, K, P, Q] is there, and overwritten. s: conv2d_shape.
void depthwise_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Im2colShape& s, Tensor& y);

/// dx [N, C, H, W] and dweight [K, 1, R, S] are zeros; what is undefined is not wanted.
void depthwise_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const Im2colShape& s, Tensor& dx,
                        Tensor& dweight);

}  // namespace octet::ops
