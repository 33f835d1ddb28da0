// Ops without windows or sums: relu, add, cat, softmax. Float32, any shape unless it says otherwise.
// Backwards: relu passes the gradient where its output is above 0, add passes it to both inputs, cat splits it.
// PyTorch counterparts: torch.relu, operator +, torch.cat, torch.softmax(dim=1).
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace octet::ops {

/// max(x, 0); NaN stays NaN.
Tensor relu(const Tensor& x);
void relu_(Tensor& x);

/// dy becomes 0 where y, the output of relu, is 0.
void relu_backward_(Tensor& dy, const Tensor& y);

/// min(max(x, 0), 6), and dy becomes 0 where its output y is 0 or 6. torch.nn.functional.relu6.
Tensor relu6(const Tensor& x);
void relu6_backward_(Tensor& dy, const Tensor& y);

/// a + b of equal shapes.
Tensor add(const Tensor& a, const Tensor& b);
/// a += b
void add_(Tensor& a, const Tensor& b);

/// a * b of equal shapes.
Tensor multiply(const Tensor& a, const Tensor& b);
/// x *= factor
void scale_(Tensor& x, float factor);

/// Joins [N, C_i, ...] along dimension 1; all other sizes must agree. Any dtype (the codes of quantized tensors must share their
/// qparams).
Tensor cat_channels(std::span<const Tensor> parts);

/// The opposite: [N, C, ...] -> tensors with the given numbers of channels, which add up to C.
std::vector<Tensor> split_channels(const Tensor& x, std::span<const int64_t> channels);

/// [N, C, H, W] -> [N, C*H*W], sharing the bytes.
Tensor flatten(const Tensor& x);

/// [N, C] -> rows that sum to 1.
Tensor softmax(const Tensor& x);

/// Index of the largest value of each row of [N, C], the first one among equals.
std::vector<int> argmax(const Tensor& x);

}  // namespace octet::ops
