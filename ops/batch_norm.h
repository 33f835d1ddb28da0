// Batch normalization at inference: y = (x - running_mean) / sqrt(running_var + eps) * weight + bias, per channel.
//
// Computed as PyTorch's CPU kernel does (ATen/native/cpu/batch_norm_kernel.cpp,
// batch_norm_cpu_collect_linear_and_constant_terms), whose products the compiler fuses with the following sum:
//   alpha = weight * (1 / sqrt(running_var + eps)),  beta = fma(-running_mean, alpha, bias),  y = fma(x, alpha, beta)
// so that the values, and the codes they are quantized to, are PyTorch's bit for bit.
//   x [N, C] or [N, C, H, W] -> the same shape.
//
// In training the statistics are the batch's, over the m values of a channel: mean, and var divided by m for normalizing. The
// running ones follow with  running += momentum * (batch - running), where the variance is divided by m - 1 (torch's choice).
// Backward, with xhat = (x - mean) * inverse_std and means over the m values (torch.nn.functional.batch_norm, training=True):
//   dbias = sum dy,  dweight = sum dy * xhat,  dx = weight * inverse_std * (dy - dbias / m - xhat * dweight / m)
#pragma once

#include <math.h>

#include "tensor/host_device.h"
#include "tensor/tensor.h"

namespace octet::ops {

struct BatchNormParams {
  Tensor weight, bias;               // [C], gamma and beta in the paper
  Tensor running_mean, running_var;  // [C]
  float eps = 1e-5f;
};

Tensor batch_norm(const Tensor& x, const BatchNormParams& params);

/// 1 / sqrt(variance + eps), of one channel and of each.
OCTET_HD inline float inverse_std(float variance, float eps) { return 1.0f / sqrtf(variance + eps); }
Tensor inverse_std(const Tensor& variance, float eps);

/// Statistics of one batch, per channel.
struct BatchStatistics {
  Tensor mean, variance;  // [C], the variance divided by m
  int64_t count = 0;      // m
};
/// Throws Error for one value per channel, which has no variance.
BatchStatistics batch_statistics(const Tensor& x);

/// y of the training pass; the running statistics of `params` are not read.
Tensor batch_norm_training(const Tensor& x, const BatchNormParams& params, const BatchStatistics& statistics);

/// Follows the batch: changes the two running tensors.
void update_running(const BatchStatistics& statistics, float momentum, Tensor& running_mean, Tensor& running_var);

struct BatchNormGradients {
  Tensor x, weight, bias;
};
BatchNormGradients batch_norm_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const BatchStatistics& statistics,
                                       float eps);

/// Backward of the inference pass, in which the statistics are constants: dx = dy * weight * inverse_std, and the sums as above.
BatchNormGradients batch_norm_frozen_backward(const Tensor& dy, const Tensor& x, const BatchNormParams& params);

}  // namespace octet::ops
