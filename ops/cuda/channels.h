// ops/channels.h on the device, and sums. Shapes have been checked and outputs allocated by the op.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace octet::ops::cuda {

/// sums [K]: of x [N, K, ...] over images and pixels.
void channel_sums(const Tensor& x, Tensor& sums);

/// y [K, ...] = w * factor[k];   x [N, K, ...] /= factor[k]
void multiply_slices(const Tensor& w, const Tensor& factor, Tensor& y);
void divide_channels(Tensor& x, const Tensor& factor);

/// sums [K]: of a * b over each slice of [K, ...], or over each channel of [N, K, ...].
void dot_slices(const Tensor& a, const Tensor& b, Tensor& sums);
void dot_channels(const Tensor& a, const Tensor& b, Tensor& sums);

/// The sum of the squares of all values. Waits for the device.
double sum_of_squares(std::span<const Tensor> tensors);

}  // namespace octet::ops::cuda
