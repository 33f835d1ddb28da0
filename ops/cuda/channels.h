// Sums over channels on the device.
#pragma once

#include "tensor/tensor.h"

namespace octet::ops::cuda {

/// sums [K]: of x [N, K, ...] over images and pixels.
void channel_sums(const Tensor& x, Tensor& sums);

/// The sum of the squares of all values. Waits for the device.
double sum_of_squares(const Tensor& x);

}  // namespace octet::ops::cuda
