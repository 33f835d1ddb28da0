// Pools, clamp, cat and flatten on codes, channels last. None of them needs a scale of its own: the output keeps its input's
// (cat: the first input's, the others are requantized to it).
//
//   clamp                 min(max(q, low), high): relu with low = z, relu6 with high = the code of 6 besides
//   max_pool2d            the largest code of each window; padding never wins
//   adaptive_avg_pool2d   y = clamp(rne((sum of q - n*z) * f) + z), n the window's size; f = 1/n, but for qnnpack, if all windows
//                         have the same size, f = s / (s*n), which is another float for some n
//                         (ATen/native/quantized/cpu/AdaptiveAveragePooling.cpp takes its average pool then, whose
//                         requantization is that of a layer)
//   cat_channels          codes of another scale are dequantized and quantized: [N, H, W, C_i] -> [N, H, W, sum of C_i];
//                         [N, C_i] likewise
//   flatten               [N, H, W, C] -> [N, C*H*W], in PyTorch's (c, h, w) order
#pragma once

#include <span>

#include "ops/engines/requantize.h"
#include "ops/options.h"
#include "tensor/tensor.h"

namespace octet::ops::int8 {

/// From the sum of a window's code - zero point to the code of their average.
struct AverageRule {
  AverageFactor by;
  QParams qparams;
  OCTET_HD float factor(int32_t count) const {
    const auto n = static_cast<float>(count);
    switch (by) {
      case AverageFactor::of_a_layer:
        return qparams.scale / (qparams.scale * n);
      case AverageFactor::reciprocal:
        return 1.0f / n;
    }
    return 0;
  }
  OCTET_HD uint8_t code(int32_t sum, float factor) const {
    return static_cast<uint8_t>(round_to_code(static_cast<float>(sum) * factor, qparams.zero_point, {0, 255}));
  }
};

Tensor clamp(const Tensor& x, int32_t low, int32_t high);
Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options);
Tensor adaptive_avg_pool2d(const Tensor& x, Size2 output, QParams qparams, Engine engine);
Tensor cat_channels(std::span<const Tensor> parts, std::span<const QParams> qparams, QParams output);
Tensor flatten(const Tensor& x);

}  // namespace octet::ops::int8
