// Float convolution by im2col and one matrix product per image and group (ops/conv2d.md explains it).
//
//   y[n, k, p, q] = bias[k] + sum over c, r, s of x[n, c, p*stride - padding + r, q*stride - padding + s] * weight[k, c, r, s]
//
//   x [N, C, H, W], weight [K, C/G, R, S], bias [K] or undefined  ->  y [N, K, P, Q], all float32.
// A cross-correlation, as in PyTorch (torch.nn.functional.conv2d). No dilation. Naive twin: ops/reference/conv2d.h.
#pragma once

#include "ops/im2col.h"
#include "tensor/tensor.h"

namespace octet::ops {

/// Throws Error when the shapes do not fit together.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options = {});

/// Shape of one group of one image for a [N, C, H, W] input of the given size; checks channels and groups.
Im2colShape conv2d_shape(const Shape& x_nchw, const Shape& weight, const Conv2dOptions& options);

}  // namespace octet::ops
