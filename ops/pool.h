// Pooling of float images [N, C, H, W] -> [N, C, P, Q].
//
//   max_pool2d:            the largest value of each window; padding never wins (it counts as -infinity)
//   avg_pool2d:            the sum of each window, divided by its size
//   adaptive_*_pool2d:     output cell i covers input [floor(i*H/P), ceil((i+1)*H/P)); P = Q = 1 is global pooling
// Backward: the gradient of a window goes to its largest pixel (the first among equals), or in equal parts to all of them.
// NaN in a window gives NaN, as in PyTorch. Counterparts: torch.nn.functional.max_pool2d, avg_pool2d, adaptive_avg_pool2d,
// adaptive_max_pool2d.
#pragma once

#include <optional>

#include "ops/options.h"
#include "tensor/host_device.h"
#include "tensor/tensor.h"

namespace octet::ops {

Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options);
Tensor avg_pool2d(const Tensor& x, const AvgPool2dOptions& options);
Tensor adaptive_avg_pool2d(const Tensor& x, Size2 output);
Tensor adaptive_max_pool2d(const Tensor& x, Size2 output);
/// Of each channel over all pixels: [N, C], or [N, C, 1, 1] with keepdim.
Tensor mean(const Tensor& x, bool keepdim);

/// Largest values and where they were: index h * W + w of the plane, int32 [N, C, P, Q].
struct MaxPooled {
  Tensor y, indices;
};
MaxPooled max_pool2d_with_indices(const Tensor& x, const MaxPool2dOptions& options);
MaxPooled adaptive_max_pool2d_with_indices(const Tensor& x, Size2 output);

/// Backward of both kinds of max pooling: dy [N, C, P, Q] -> dx of shape `x`. windows: the options of max_pool2d; none: adaptive.
Tensor max_pool2d_backward(const Tensor& dy, const Tensor& indices, const Shape& x,
                           const std::optional<MaxPool2dOptions>& windows);
Tensor avg_pool2d_backward(const Tensor& dy, const Shape& x, const AvgPool2dOptions& options);
Tensor adaptive_avg_pool2d_backward(const Tensor& dy, const Shape& x);

/// The pixels of a window in one direction: begin, begin + dilation, ... below end.
struct MaxWindow {
  int64_t begin, end;
};
/// Windows of max_pool2d over an image of H x W. Throws Error for options that cannot be, and where a window could be without a pixel.
class MaxWindows {
 public:
  MaxWindows(const MaxPool2dOptions& options, int64_t H, int64_t W);
  /// The output has P rows and Q columns.
  int64_t P() const { return P_; }
  int64_t Q() const { return Q_; }
  MaxWindow rows(int64_t p) const { return of(p * o_.stride.h - o_.padding.h, o_.span().h, o_.dilation.h, H_); }
  MaxWindow cols(int64_t q) const { return of(q * o_.stride.w - o_.padding.w, o_.span().w, o_.dilation.w, W_); }

 private:
  static MaxWindow of(int64_t first, int64_t span, int64_t dilation, int64_t size) {
    const int64_t left_out = first < 0 ? (-first + dilation - 1) / dilation * dilation : 0;
    return {first + left_out, std::min(first + span, size)};
  }

  MaxPool2dOptions o_;
  int64_t H_, W_, P_, Q_;
};

/// The pixels of one window of avg_pool2d, and what their sum is divided by.
struct AvgWindow {
  int64_t h0, h1, w0, w1, divisor;
};
/// Windows of an image of H x W. Throws Error for options that cannot be.
class AvgWindows {
 public:
  AvgWindows(const AvgPool2dOptions& options, int64_t H, int64_t W);
  /// The output has P rows and Q columns.
  int64_t P() const { return P_; }
  int64_t Q() const { return Q_; }
  /// Sources: ATen/native/cpu/AvgPoolKernel.cpp, which lets a window reach into the padding, but not beyond.
  OCTET_HD AvgWindow of(int64_t p, int64_t q) const {
    const int64_t h0 = p * o_.stride.h - o_.padding.h, w0 = q * o_.stride.w - o_.padding.w;
    const int64_t h1 = smaller(h0 + o_.kernel.h, H_ + o_.padding.h), w1 = smaller(w0 + o_.kernel.w, W_ + o_.padding.w);
    AvgWindow window{h0 > 0 ? h0 : 0, smaller(h1, H_), w0 > 0 ? w0 : 0, smaller(w1, W_), o_.divisor_override};
    if (window.divisor == 0)
      window.divisor = o_.count_include_pad ? (h1 - h0) * (w1 - w0) : (window.h1 - window.h0) * (window.w1 - window.w0);
    return window;
  }

 private:
  OCTET_HD static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

  AvgPool2dOptions o_;
  int64_t H_, W_, P_, Q_;
};

/// Input cells of adaptive output cell i: [begin, end).
struct AdaptiveWindow {
  int64_t begin, end;
};
OCTET_HD inline AdaptiveWindow adaptive_window(int64_t i, int64_t input, int64_t output) {
  return {i * input / output, ((i + 1) * input + output - 1) / output};
}

}  // namespace octet::ops
