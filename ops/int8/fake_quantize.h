// fake_quantize: float values snapped to the grid that codes can say, still float32.
//   y = (clamp(rne(x / scale) + zero_point, qmin, qmax) - zero_point) * scale
// quantize and dequantize in one, with the same rounding (ops/int8/requantize.h), so that what an int8 graph computes can be
// followed in float arithmetic. PyTorch counterpart: torch.fake_quantize_per_tensor_affine, ..._per_channel_affine.
#pragma once

#include "ops/int8/qparams.h"
#include "tensor/tensor.h"

namespace octet::ops::int8 {

/// x float32 of any shape. NaN becomes the largest code, as in quantize.
Tensor fake_quantize(const Tensor& x, QParams qparams, CodeRange codes);

/// Weights [K, ...]: zero point 0, codes -128..127; one scale for all or one per slice of dimension 0.
Tensor fake_quantize_weight(const Tensor& weight, const std::vector<float>& scale);

}  // namespace octet::ops::int8
