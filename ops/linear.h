// Fully connected layer: y = x * weight^T + bias.   x [N, C], weight [K, C], bias [K] or undefined -> y [N, K], float32.
// PyTorch counterpart: torch.nn.functional.linear.
#pragma once

#include "tensor/tensor.h"

namespace octet::ops {

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);

}  // namespace octet::ops
