// Batch normalization at inference: y = (x - running_mean) / sqrt(running_var + eps) * weight + bias, per channel.
//
// Computed as PyTorch's CPU kernel does (ATen/native/cpu/batch_norm_kernel.cpp,
// batch_norm_cpu_collect_linear_and_constant_terms), whose products the compiler fuses with the following sum:
//   alpha = weight * (1 / sqrt(running_var + eps)),  beta = fma(-running_mean, alpha, bias),  y = fma(x, alpha, beta)
// so that the values, and the codes they are quantized to, are PyTorch's bit for bit.
//   x [N, C] or [N, C, H, W] -> the same shape.
#pragma once

#include "tensor/tensor.h"

namespace octet::ops {

struct BatchNormParams {
  Tensor weight, bias;               // [C], gamma and beta in the paper
  Tensor running_mean, running_var;  // [C]
  float eps = 1e-5f;
};

Tensor batch_norm(const Tensor& x, const BatchNormParams& params);

}  // namespace octet::ops
