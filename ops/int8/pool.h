// Pools, clamp, cat and flatten on codes, channels last. None of them needs a scale of its own: the output keeps its input's
// (cat: the first input's, the others are requantized to it).
//
//   clamp                 min(max(q, low), high): relu with low = z, relu6 with high = the code of 6 besides
//   max_pool2d            the largest code of each window; padding never wins
//   adaptive_avg_pool2d   y = clamp(rne((sum of q - n*z) * f) + z), n the window's size; f = 1/n, except under qnnpack with
//                         windows of one size: f = s / (s*n), which is another float for some n, because
//                         ATen/native/quantized/cpu/AdaptiveAveragePooling.cpp then calls its average pool, which requantizes
//                         as a layer does
//   cat_channels          codes of another scale are dequantized and quantized: [N, H, W, C_i] -> [N, H, W, sum of C_i];
//                         [N, C_i] likewise
//   flatten               [N, H, W, C] -> [N, C*H*W], in PyTorch's (c, h, w) order
#pragma once

#include <span>

#include "ops/engines/average.h"
#include "ops/engines/requantize.h"
#include "ops/options.h"
#include "tensor/tensor.h"

namespace octet::ops::int8 {

Tensor clamp(const Tensor& x, int32_t low, int32_t high);
Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options);
Tensor adaptive_avg_pool2d(const Tensor& x, Size2 output, QParams qparams, Engine engine);
Tensor cat_channels(std::span<const Tensor> parts, std::span<const QParams> qparams, QParams output);
Tensor flatten(const Tensor& x);

}  // namespace octet::ops::int8
