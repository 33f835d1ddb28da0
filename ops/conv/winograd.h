// Winograd convolution, F(4x4, 3x3): a 3x3 convolution of stride 1 and padding 1 with a quarter of the multiplications.
//
// Outputs are computed in tiles of 4x4, each from a tile d of 6x6 inputs (Lavin and Gray, arXiv:1509.09308):
//   Y = A^T [ sum over c of (G g G^T) * (B^T d B) ] A        with * element by element
// so that for each of the 36 elements the sum over channels is one matrix product: [K, C] x [C, tiles]. Backward is the transpose
// of every step, and the same products: dU = dM V^T, dV = U^T dM with dM = A dY A^T, dx = B dV B^T, dg = G^T dU G.
//   x [N, C, H, W], weight [K, C, 3, 3] -> y [N, K, H, W]. Twin of ops/conv/conv2d.h, which it equals within rounding (about ten times
// that of a direct sum). Used in training; inference has ops/conv/inference_conv2d.h.
#pragma once

#include "ops/conv/conv2d.h"

namespace octet::ops {

/// True for the convolutions that it can do.
bool winograd_applies(const Shape& weight, const Conv2dOptions& options);

Tensor conv2d_winograd(const Tensor& x, const Tensor& weight);

/// Gradients of x and weight, where wanted. The bits do not depend on the number of threads.
Conv2dGradients conv2d_winograd_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, Conv2dWanted wanted = {});

}  // namespace octet::ops
