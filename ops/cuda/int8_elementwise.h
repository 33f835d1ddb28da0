// Codes on the device, one by one: ops/int8/quantize.h, add.h, elementwise.h, and ops/fake_quantize.h. The roundings are the CPU's
// own functions. Shapes have been checked and y allocated by the op.
#pragma once

#include <array>
#include <span>

#include "ops/engines/addition.h"
#include "ops/engines/qparams.h"
#include "tensor/tensor.h"

namespace octet::ops::cuda {

/// x float32 [N, C, H, W] -> codes [N, H, W, C]; other ranks keep their order.
void quantize(const Tensor& x, int8::QParams qparams, Tensor& codes);
/// The way back.
void dequantize(const Tensor& codes, int8::QParams qparams, Tensor& x);

void int8_add(const Tensor& a, const Tensor& b, const int8::QAdd& rule, Tensor& y);

/// y = min(max(x, low), high)
void int8_clamp(const Tensor& x, uint8_t low, uint8_t high, Tensor& y);

/// y[pixel][first + c] = table[x[pixel][c]], channels last. A part of cat goes to its `first` channel, any other lookup to 0.
void int8_lookup(const Tensor& x, const std::array<uint8_t, 256>& table, int64_t first, Tensor& y);

/// Bytes [N, H, W, C] -> [N, C, H, W].
void to_channels_first(const Tensor& x, Tensor& y);

/// qparams: one, or one per slice of dimension 0. inside (ops/fake_quantize.h) is written where it is defined.
void fake_quantize(const Tensor& x, std::span<const int8::QParams> qparams, int8::CodeRange codes, Tensor& y, Tensor& inside);
/// dy *= inside
void fake_quantize_backward(Tensor& dy, const Tensor& inside);

}  // namespace octet::ops::cuda
