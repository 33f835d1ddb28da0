// ops/conv2d.h on the device: im2col, and one matrix product per image and group (forward) or group (backward), for as many
// images at a time as their columns have room. Shapes have been checked and outputs allocated by the op.
#pragma once

#include "ops/im2col.h"
#include "tensor/tensor.h"

namespace octet::ops::cuda {

void conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Im2colShape& shape, int64_t groups, Tensor& y);

/// dweight += dy X^T and dx = col2im(W^T dy) where they are defined; dweight is zero at first.
void conv2d_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const Im2colShape& shape, int64_t groups,
                     Tensor& dx, Tensor& dweight);

}  // namespace octet::ops::cuda
