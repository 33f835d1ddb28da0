// interpolate: images of another size [N, C, H, W] -> [N, C, P, Q]; codes [N, H, W, C] -> [N, P, Q, C], which keep their scale.
//
//   scale = H / P where the size was asked for, 1 / scale_factor where a factor was; with align_corners (H - 1) / (P - 1)
//   nearest    y[p] = x[min(floor(p * scale), H - 1)]
//   bilinear   h = p * scale with align_corners, else max((p + 0.5) * scale - 0.5, 0);  h0 = floor(h), l = h - h0
//              y[p] = (1 - l) * x[h0] + l * x[min(h0 + 1, H - 1)];  columns likewise, first
// all in float32. Codes: the same of codes as floats, less the zero point, rounded to even, plus the zero point. Where PyTorch has
// fused multiply-adds, these have them, too: in (p + 0.5) * scale - 0.5, and between rows and columns, where the first 8 * floor(C / 8)
// channels go through its vectors, the rest do not; found by comparing.
// Sources: ATen/native/UpSample.h (area_pixel_compute_source_index), ATen/native/quantized/cpu/kernels/QuantizedOpKernels.cpp.
// PyTorch counterpart: torch.nn.functional.interpolate.
#pragma once

#include "ops/engines/qparams.h"
#include "ops/options.h"
#include "ops/support/resampling.h"
#include "tensor/tensor.h"

namespace octet::ops {

struct InterpolateOptions {
  InterpolateMode mode = InterpolateMode::nearest;
  bool align_corners = false;  // of bilinear
  Size2 size = 0;              // asked for; 0: factors were
  double factor_h = 0, factor_w = 0;
};

/// [P, Q] of an image of [H, W]. Throws Error for options that cannot be.
Size2 interpolated_size(Size2 image, const InterpolateOptions& options);

Tensor interpolate(const Tensor& x, const InterpolateOptions& options);
/// dy [N, C, P, Q] -> dx of shape `x`.
Tensor interpolate_backward(const Tensor& dy, const Shape& x, const InterpolateOptions& options);

namespace int8 {

Tensor interpolate(const Tensor& x, const InterpolateOptions& options, QParams qparams);

}  // namespace int8
}  // namespace octet::ops
