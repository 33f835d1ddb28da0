// Float transposed convolution: the gradient of a convolution by its input, as a layer of its own.
//
//   y[n, k, p, q] = bias[k] + sum over c, r, s of x[n, c, h, w] * weight[c, k, r, s]
//                   over all h, w, r, s with  p = h*stride - padding + r*dilation,  q likewise
//   P = (H - 1) * stride - 2 * padding + (R - 1) * dilation + output_padding + 1
//   x [N, C, H, W], weight [C, K/G, R, S], bias [K] or undefined  ->  y [N, K, P, Q], all float32.
// It is ops/conv/conv2d.h read backwards, and computed so, for either device: with the convolution f(y) by the same weight, which has
// C outputs and K inputs,
//   y = df^T x,     dx = f(dy),     dweight = the gradient of f's weight for the input dy and the output's gradient x
// PyTorch counterparts: torch.nn.functional.conv_transpose2d, torch.nn.ConvTranspose2d.
#pragma once

#include "ops/conv/conv2d.h"

namespace octet::ops {

/// Throws Error when shapes or options do not fit together; output_padding must be smaller than the stride.
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvTranspose2dOptions& options = {});

/// dy [N, K, P, Q], x and weight as they were in the forward pass.
Conv2dGradients conv_transpose2d_backward(const Tensor& dy, const Tensor& x, const Tensor& weight,
                                          const ConvTranspose2dOptions& options, Conv2dWanted wanted = {});

/// [N, K, P, Q] of an input [N, C, H, W]; checks all that can be checked of shapes and options.
Shape conv_transpose2d_shape(const Shape& x, const Shape& weight, const ConvTranspose2dOptions& options);

}  // namespace octet::ops
