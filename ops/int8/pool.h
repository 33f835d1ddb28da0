// Pools of codes, channels last. The output keeps its input's scale.
//
//   max_pool2d            the largest code of each window; padding never wins
//   adaptive_avg_pool2d   y = clamp(rne((sum of q - n*z) * f) + z), n the window's size; f = 1/n, except under qnnpack with
//                         windows of one size: f = s / (s*n), which is another float for some n, because
//                         ATen/native/quantized/cpu/AdaptiveAveragePooling.cpp then calls its average pool, which requantizes
//                         as a layer does
#pragma once

#include "ops/engines/average.h"
#include "ops/engines/requantize.h"
#include "ops/options.h"
#include "tensor/tensor.h"

namespace octet::ops::int8 {

Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options);
Tensor adaptive_avg_pool2d(const Tensor& x, Size2 output, QParams qparams, Engine engine);

}  // namespace octet::ops::int8
