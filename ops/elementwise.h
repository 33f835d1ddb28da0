// Ops without windows or sums: relu, add, cat, softmax. Float32, any shape unless it says otherwise.
// PyTorch counterparts: torch.relu, operator +, torch.cat, torch.softmax(dim=1).
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace octet::ops {

/// max(x, 0); NaN stays NaN.
Tensor relu(const Tensor& x);
void relu_(Tensor& x);

/// a + b of equal shapes.
Tensor add(const Tensor& a, const Tensor& b);

/// Joins [N, C_i, ...] along dimension 1; all other sizes must agree. Any dtype (the codes of quantized tensors must share their
/// qparams).
Tensor cat_channels(std::span<const Tensor> parts);

/// [N, C] -> rows that sum to 1.
Tensor softmax(const Tensor& x);

/// Index of the largest value of each row of [N, C], the first one among equals.
std::vector<int> argmax(const Tensor& x);

}  // namespace octet::ops
