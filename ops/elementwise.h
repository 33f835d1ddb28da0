// Ops without windows or sums: activations, add, cat. Float32, any shape unless it says otherwise.
// Backwards: an activation by its page (ops/support/activations.h), add passes the gradient to both inputs, cat splits it.
// PyTorch counterparts: torch.relu, operator +, torch.cat.
#pragma once

#include <span>

#include "ops/support/activations.h"
#include "tensor/tensor.h"

namespace octet::ops {

/// f(x) of every value.
Tensor activate(Activation f, const Tensor& x);
void activate_(Activation f, Tensor& x);
/// dy, the gradient of y = f(x), becomes that of x. saved: y or x, as saved_by(f) says.
void activation_backward_(Activation f, Tensor& dy, const Tensor& saved);

inline Tensor relu(const Tensor& x) { return activate(Activation::relu, x); }
inline void relu_(Tensor& x) { activate_(Activation::relu, x); }

/// a + b of equal shapes.
Tensor add(const Tensor& a, const Tensor& b);
/// a += b
void add_(Tensor& a, const Tensor& b);

/// a * b of equal shapes, or where one has 1 in places of the other's size: a gate [N, C, 1, 1] times images [N, C, H, W].
Tensor multiply(const Tensor& a, const Tensor& b);
/// Sums over what a tensor of `shape` serves several times: the gradient of a gate. is_gate_of(shape, x).
Tensor sum_to(const Tensor& x, const Shape& shape);
/// x *= factor
void scale_(Tensor& x, float factor);

/// Joins [N, C_i, ...] along dimension 1; all other sizes must agree. Any dtype (the codes of quantized tensors must share their
/// qparams).
Tensor cat_channels(std::span<const Tensor> parts);

/// The opposite: [N, C, ...] -> tensors with the given numbers of channels, which add up to C.
std::vector<Tensor> split_channels(const Tensor& x, std::span<const int64_t> channels);

/// [N, C, H, W] -> [N, C*H*W], sharing the bytes.
Tensor flatten(const Tensor& x);

/// Index of the largest value of each row of [N, C], the first one among equals.
std::vector<int> argmax(const Tensor& x);

}  // namespace octet::ops
