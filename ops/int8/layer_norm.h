// Layer norm and instance norm of codes: ops/layer_norm.h with sums of integers.
//
//   over the n codes of a part:  m = sum q / n,  var = max(sum q^2 / n - m^2, 0),  r = sx / sqrt(var * sx^2 + eps)
//   y = clamp(rne(v * (1 / sy)) + zy, 0, 255),   layer norm:    v = ((q - zx) - (m - zx)) * r * weight + bias
//                                                instance norm: v = fma(q - zx, g, bias - (m - zx) * g),  g = r * weight
//   in float32, except r, which is computed in float64 and rounded
// (ATen/native/quantized/cpu/kernels/QuantizedOpKernels.cpp; instance norm as of channels-last codes, which convolutions give.) All engines
// have it.
//   [N, H, W, C] or [N, C]; weight and bias as in ops/layer_norm.h, or undefined
// PyTorch counterparts: torch.ao.nn.quantized.LayerNorm, InstanceNorm2d.
#pragma once

#include "ops/engines/qparams.h"
#include "tensor/tensor.h"

namespace octet::ops::int8 {

struct NormCodes {
  QParams input, output;
  float eps = 1e-5f;
};

Tensor layer_norm(const Tensor& x, const Shape& normalized, const Tensor& weight, const Tensor& bias, const NormCodes& codes);
Tensor instance_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const NormCodes& codes);

}  // namespace octet::ops::int8
