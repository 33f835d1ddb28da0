// Float convolution by im2col and one matrix product per image and group (ops/conv/conv2d.md explains it).
//
//   y[n, k, p, q] = bias[k] + sum over c, r, s of x[n, c, h, w] * weight[k, c, r, s],   h = p*stride - padding + r*dilation,
//   w likewise
//
//   x [N, C, H, W], weight [K, C/G, R, S], bias [K] or undefined  ->  y [N, K, P, Q], all float32.
// A cross-correlation, as in PyTorch (torch.nn.functional.conv2d). Groups of one channel: ops/conv/depthwise_planes.h. Naive twin: ops/reference/conv2d.h.
//
// Backward, with X = im2col(x) and everything as matrices: y = W X, so
//   dW = dy X^T   [K, C*R*S],     dX = W^T dy   [C*R*S, P*Q],     dx = col2im(dX),     dbias[k] = sum of dy over n, p, q
// (torch.nn.grad.conv2d_input, conv2d_weight). Both are written once, for either device. The bits depend on the number of
// threads only: each thread sums dW over its images, then they are added in order.
#pragma once

#include "ops/conv/im2col.h"
#include "tensor/tensor.h"

namespace octet::ops {

/// Throws Error when the shapes do not fit together.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options = {});

/// Which gradients a backward computes; the first layer needs none for its input, a frozen layer none for its weight.
struct Conv2dWanted {
  bool x = true, weight = true, bias = false;
};

/// Undefined where not wanted.
struct Conv2dGradients {
  Tensor x, weight, bias;
};

/// dy [N, K, P, Q], x and weight as they were in the forward pass.
Conv2dGradients conv2d_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const Conv2dOptions& options,
                                Conv2dWanted wanted = {});

/// Shape of one group of one image for a [N, C, H, W] input of the given size; checks channels and groups.
Im2colShape conv2d_shape(const Shape& x_nchw, const Shape& weight, const Conv2dOptions& options);

}  // namespace octet::ops
