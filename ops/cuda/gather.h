// Ops that take each element from a place that follows from its own: gates, channels in another order, borders, images of another
// size, phases of a transposed convolution. Shapes have been checked and outputs allocated by the op.
#pragma once

#include <span>

#include "ops/engines/multiplication.h"
#include "ops/support/broadcast.h"
#include "ops/support/phases.h"
#include "ops/support/resampling.h"
#include "tensor/tensor.h"

namespace octet::ops::cuda {

/// y[i] = x[i] * gate[its partner]; float32, or codes by the rule.
void multiply_gate(const Tensor& x, const Tensor& gate, const Broadcast& gate_of, Tensor& y);
void int8_multiply_gate(const Tensor& x, const Tensor& gate, const Broadcast& gate_of, const int8::QMultiply& rule, Tensor& y);
/// y[g] = the sum of the x[i] whose partner it is, in their order.
void sum_to(const Tensor& x, const Broadcast& gate_of, Tensor& y);

/// Channels in another order: of x the sizes, and for each dimension of the result the one of x. inner: elements behind the channels
/// that move together, H * W of planes or 1 of channels last. Elements of 1 or 4 bytes.
void permute_channels(const Tensor& x, std::span<const int64_t> sizes, std::span<const int64_t> dims, int64_t inner, Tensor& y);

/// x [N, C, H, W] -> y [N, C, P, Q]
void pad(const Tensor& x, const PadAxis& rows, const PadAxis& cols, float value, Tensor& y);
void pad_backward(const Tensor& dy, const PadAxis& rows, const PadAxis& cols, Tensor& dx);

/// The same; codes are channels last.
void interpolate(const Tensor& x, const ResizeAxis& rows, const ResizeAxis& cols, Tensor& y);
void interpolate_backward(const Tensor& dy, const ResizeAxis& rows, const ResizeAxis& cols, Tensor& dx);
void int8_interpolate(const Tensor& x, const ResizeAxis& rows, const ResizeAxis& cols, int32_t zero_point, Tensor& y);

/// The result of the phases' convolution [N, rows, cols, G * phases * K/G] -> y [N, P, Q, K].
void join_phases(const Tensor& made, const Phases2& phases, int64_t groups, Tensor& y);

}  // namespace octet::ops::cuda
