// Pools of codes, channels last. The output keeps its input's scale; an average may have another one, zero point zy and scale sy, and
// then is clamp(rne((sum of q - z) * (s / (sy*n))) + zy).
//
//   max_pool2d            the largest code of each window; padding never wins
//   avg_pool2d            y = clamp(rne((sum of q - z) * f) + z), f = 1/n, n as ops/pool.h has it; qnnpack: n is the kernel's size,
//                         whatever was asked for, and f = s / (s*n). (ATen/native/quantized/cpu/AveragePool2d.cpp)
//   adaptive_avg_pool2d   y = clamp(rne((sum of q - n*z) * f) + z), n the window's size; f = 1/n, except under qnnpack with
//                         windows of one size: f = s / (s*n), which is another float for some n, because
//                         ATen/native/quantized/cpu/AdaptiveAveragePooling.cpp then calls its average pool, which requantizes
//                         as a layer does
#pragma once

#include <optional>

#include "ops/engines/average.h"
#include "ops/engines/requantize.h"
#include "ops/options.h"
#include "tensor/tensor.h"

namespace octet::ops::int8 {

Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options);
/// Throws Error for qnnpack with ceil_mode, where PyTorch's own windows at the border are wrong.
Tensor avg_pool2d(const Tensor& x, const AvgPool2dOptions& options, QParams qparams, Engine engine,
                  std::optional<QParams> to = {});
Tensor adaptive_avg_pool2d(const Tensor& x, Size2 output, QParams qparams, Engine engine, std::optional<QParams> to = {});

}  // namespace octet::ops::int8
