// Ops on codes without windows or sums, channels last.
//
//   clamp          min(max(q, low), high): relu with low = z, relu6 with high = the code of 6 besides; the scale stays
//   lookup         table[q]: any function of one value, made a table of 256 codes by table_of:
//                  table[q] = clamp(rne(f((q - zx) * sx) * (1/sy)) + zy, 0, 255), as qnnpack and fbgemm both round it
//                  (ATen/native/quantized/cpu/qsigmoid.cpp and its siblings); qnnpack's hardswish adds zy before it rounds
//                  (ATen/native/quantized/cpu/qnnpack/src/hardswish.c)
//   cat_channels   codes of another scale are dequantized and quantized: [N, H, W, C_i] -> [N, H, W, sum of C_i];
//                  [N, C_i] likewise
//   flatten        [N, H, W, C] -> [N, C*H*W], in PyTorch's (c, h, w) order
#pragma once

#include <array>
#include <span>

#include "ops/engines/qparams.h"
#include "ops/support/activations.h"
#include "tensor/tensor.h"

namespace octet::ops::int8 {

using CodeTable = std::array<uint8_t, 256>;

/// What `activation` makes of each code of `input`, as codes of `output`.
CodeTable table_of(Activation activation, QParams input, QParams output, TableRule rule = TableRule::after_rounding);

/// The same of elu, whose exponential PyTorch rounds to float32 before it takes 1 off: alpha * (float(exp(x)) - 1).
CodeTable elu_table(float alpha, QParams input, QParams output);

Tensor clamp(const Tensor& x, int32_t low, int32_t high);
/// The same for n codes where they lie, on this thread; y may be x.
void clamp_codes(const uint8_t* x, int64_t n, CodeRange range, uint8_t* y);

Tensor lookup(const Tensor& x, const CodeTable& table);
Tensor cat_channels(std::span<const Tensor> parts, std::span<const QParams> qparams, QParams output);
Tensor flatten(const Tensor& x);

}  // namespace octet::ops::int8
