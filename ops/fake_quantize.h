// fake_quantize: float values snapped to the grid that codes can say, still float32.
//   y = (clamp(rne(x / scale) + zero_point, qmin, qmax) - zero_point) * scale
// quantize and dequantize in one, with the same rounding (ops/engines/requantize.h), so that what an int8 graph computes can be
// followed in float arithmetic. PyTorch counterpart: torch.fake_quantize_per_tensor_affine, ..._per_channel_affine.
//
// Backward, straight through (Bengio et al., arXiv:1308.3432): rounding counts as the identity and clamping as what it is, so
// that
//   dx = dy where the code lies within qmin..qmax before clamping, else 0
#pragma once

#include <span>
#include <vector>

#include "ops/engines/qparams.h"
#include "tensor/tensor.h"

namespace octet::ops {

/// x float32 of any shape; one QParams for all, or one per slice of dimension 0. NaN becomes the largest code, as in quantize.
Tensor fake_quantize(const Tensor& x, std::span<const int8::QParams> qparams, int8::CodeRange codes);
inline Tensor fake_quantize(const Tensor& x, int8::QParams qparams, int8::CodeRange codes) {
  return fake_quantize(x, std::span(&qparams, 1), codes);
}

/// The same for training: `inside` (u8, shape of x) is 1 where backward lets the gradient through.
struct FakeQuantized {
  Tensor y, inside;
};
FakeQuantized fake_quantize_training(const Tensor& x, std::span<const int8::QParams> qparams, int8::CodeRange codes);

/// dy becomes the gradient of x.
void fake_quantize_backward_(Tensor& dy, const Tensor& inside);

/// Weights [K, ...]: zero point 0, codes -128..127; one scale for all or one per slice of dimension 0.
Tensor fake_quantize_weight(const Tensor& weight, const std::vector<float>& scale);

}  // namespace octet::ops
