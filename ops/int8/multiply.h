// Quantized multiplication (+ relu) of two tensors with their own scales, of equal shapes or one a gate of the other.
//
//   y = clamp(rne((qa - za)*(qb - zb) * (sa*sb*(1/sy))) + zy, 0 or with relu zy, 255)
//   (ATen/native/quantized/cpu/kernels/QuantizedOpKernels.cpp, qmul_kernel; the same with every engine)
// [N, H, W, C] and [N, 1, 1, C], ... PyTorch counterpart: torch.ops.quantized.mul, mul_relu.
#pragma once

#include "ops/engines/qparams.h"
#include "tensor/tensor.h"

namespace octet::ops::int8 {

struct MultiplyParams {
  QParams a, b, output;
  bool relu = false;
};

/// Throws Error for shapes that do not fit.
Tensor multiply(const Tensor& a, const Tensor& b, const MultiplyParams& params);

}  // namespace octet::ops::int8
