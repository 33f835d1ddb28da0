// ops/elementwise.h and ops/channels.h on the device. Shapes have been checked and outputs allocated by the op; y may be an
// input.
#pragma once

#include <span>

#include "ops/support/activations.h"
#include "tensor/tensor.h"

namespace octet::ops::cuda {

void activate(Activation f, const Tensor& x, Tensor& y);
/// dy, the gradient of y = f(x), becomes that of x. saved: y or x, as saved_by(f) says.
void activation_backward(Activation f, Tensor& dy, const Tensor& saved);
void add(const Tensor& a, const Tensor& b, Tensor& y);
void multiply(const Tensor& a, const Tensor& b, Tensor& y);
void scale(const Tensor& x, float factor, Tensor& y);

/// y [N, K, ...] = values [K], everywhere in its channel.
void fill_channels(const Tensor& values, Tensor& y);

/// y [N, C0 + C1 + ..., ...]: the parts beside each other in dimension 1; and back.
void cat_channels(std::span<const Tensor> parts, Tensor& y);
void split_channels(const Tensor& x, std::span<Tensor> parts);

}  // namespace octet::ops::cuda
