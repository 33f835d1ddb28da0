// Batch norm of codes (+ relu), where no convolution before it can take it: a factor and an offset of each channel.
//
//   r = 1/sqrt(running_var + eps),  a = (r*weight) * (sx/sy),  b = (bias - (running_mean*r)*weight) / sy
//   y = clamp(rne(fma(q - zx, a, b)) + zy, 0 or with relu zy, 255)
//   in float32, except sx/sy, and what is multiplied or divided by a scale: float64, rounded to float32
//   (ATen/native/quantized/cpu/Normalization.cpp, compute_fused_params, and kernels/QuantizedOpKernels.cpp, q_batch_norm_kernel)
// [N, H, W, C], parameters [C]. PyTorch counterpart: torch.ao.nn.quantized.BatchNorm2d, BNReLU2d.
#pragma once

#include "ops/batch_norm.h"
#include "ops/engines/qparams.h"

namespace octet::ops::int8 {

struct BatchNormCodes {
  QParams input, output;
  bool relu = false;
};

Tensor batch_norm(const Tensor& x, const BatchNormParams& params, const BatchNormCodes& codes);

}  // namespace octet::ops::int8
