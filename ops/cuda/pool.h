// ops/pool.h and ops/int8/pool.h on the device. Shapes have been checked and outputs allocated by the op.
#pragma once

#include "ops/engines/average.h"
#include "ops/pool.h"
#include "tensor/tensor.h"

namespace octet::ops::cuda {

/// x [N, C, H, W] -> y [N, C, P, Q]
void adaptive_avg_pool2d(const Tensor& x, Tensor& y);
/// windows: the options of max_pool2d; none: adaptive. indices (MaxPooled) are written where they are defined.
void max_pool2d(const Tensor& x, const std::optional<MaxPool2dOptions>& windows, Tensor& y, Tensor& indices);

void max_pool2d_backward(const Tensor& dy, const Tensor& indices, const std::optional<MaxPool2dOptions>& windows, Tensor& dx);
void adaptive_avg_pool2d_backward(const Tensor& dy, Tensor& dx);
void avg_pool2d(const Tensor& x, const AvgWindows& windows, Tensor& y);
void avg_pool2d_backward(const Tensor& dy, const AvgWindows& windows, const AvgPool2dOptions& options, Tensor& dx);

/// x quint8 [N, H, W, C] -> y quint8 [N, P, Q, C]
void int8_max_pool2d(const Tensor& x, const MaxPool2dOptions& options, Tensor& y);
/// divisor: of every window; 0: the window's own.
void int8_avg_pool2d(const Tensor& x, const AvgWindows& windows, const int8::AverageRule& rule, int32_t divisor, Tensor& y);
void int8_adaptive_avg_pool2d(const Tensor& x, const int8::AverageRule& rule, Tensor& y);

}  // namespace octet::ops::cuda
