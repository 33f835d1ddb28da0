// softmax over channels: y[c] = exp(x[c] - max) / sum over channels of exp(x - max), of each row [N, C], or pixel of [N, C, H, W];
// codes [N, C] and [N, H, W, C]. By float64, so that the answer is the nearest float to the true one.
//
// Codes of the result have scale 1/256 and zero point 0, as FX's default mapping has it:
//   fbgemm and others   the softmax of the values, quantized
//   qnnpack             from whole numbers: t[d] = rne(min((2^32 - 1) / C, 2^23 - 1) * exp(-d * sx)) for codes d below the largest one,
//                       q[c] = min((256 * t + S / 2) / S, 255), S the sum of t over channels
// Sources: ATen/native/quantized/cpu/qsoftmax.cpp, qnnpack/src/softargmax.c, u8lut32norm.
// Backward: dx = y * (dy - sum over channels of dy * y). PyTorch counterparts: torch.nn.functional.softmax(x, 1), torch.nn.Softmax.
#pragma once

#include "ops/engines/qparams.h"
#include "tensor/tensor.h"

namespace octet::ops {

/// float32 [N, C] or [N, C, H, W], C above 0.
Tensor softmax(const Tensor& x);
Tensor softmax_backward(const Tensor& dy, const Tensor& y);

namespace int8 {

constexpr QParams kSoftmaxQParams = {1.0f / 256, 0};

/// quint8 [N, C] or [N, H, W, C].
Tensor softmax(const Tensor& x, QParams input, SoftmaxRule rule);

}  // namespace int8
}  // namespace octet::ops
