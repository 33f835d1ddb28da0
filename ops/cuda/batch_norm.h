// ops/batch_norm.h on the device. Inference has the CPU's roundings; in training the sums are in double, in another order than
// the CPU's. Shapes have been checked and outputs allocated by the op.
#pragma once

#include "ops/batch_norm.h"

namespace octet::ops::cuda {

void batch_norm(const Tensor& x, const BatchNormParams& params, Tensor& y);

void inverse_std(const Tensor& variance, float eps, Tensor& y);

void batch_statistics(const Tensor& x, BatchStatistics& statistics);
void update_running(const BatchStatistics& statistics, float momentum, Tensor& running_mean, Tensor& running_var);

/// statistics_follow: they are the batch's own, and so depend on x.
void batch_norm_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const BatchStatistics& statistics, float eps,
                         bool statistics_follow, BatchNormGradients& d);

}  // namespace octet::ops::cuda
