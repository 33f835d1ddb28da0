// The mean of each channel's codes over all pixels; the output keeps its input's scale.
//
//   of codes   as the average pool of one window: ops/int8/pool.h
//   of reals   y = clamp(rne(sum of (q - z)*s / n * (1/s)) + z). A tie may fall either way by the order of the sum, which is that of
//              torch.mean with vectors of 8 (AVX2) over channels last: ATen/native/cpu/SumKernel.cpp
// [N, H, W, C] -> [N, C], or [N, 1, 1, C]. PyTorch counterpart: torch.mean(x, [2, 3]) of a quantized tensor.
#pragma once

#include "ops/engines/qparams.h"
#include "tensor/tensor.h"

namespace octet::ops::int8 {

Tensor mean(const Tensor& x, QParams qparams, MeanRule rule, bool keepdim);

}  // namespace octet::ops::int8
