// pad: rows and columns around an image, [N, C, H, W] -> [N, C, top + H + bottom, left + W + right].
//
//   constant    the value everywhere; numbers below 0 take rows or columns away
//   reflect     the image's own, mirrored at its border pixels:  3 2 1 | 1' ... is  x[2] x[1] | x[0] x[1] x[2]
//   replicate   the border pixel again and again
// Backward: each pixel gets the sum of the gradients of its copies. PyTorch counterpart: torch.nn.functional.pad.
#pragma once

#include "ops/support/resampling.h"
#include "tensor/tensor.h"

namespace octet::ops {

struct PadOptions {
  PadMode mode = PadMode::constant;
  int64_t left = 0, right = 0, top = 0, bottom = 0;
  float value = 0;  // of constant
};

/// Throws Error where nothing would be left, or more would be mirrored than there is.
Tensor pad(const Tensor& x, const PadOptions& options);
/// dy -> dx of shape `x`.
Tensor pad_backward(const Tensor& dy, const Shape& x, const PadOptions& options);

}  // namespace octet::ops
