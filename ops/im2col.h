// im2col: unfolds an image so that convolution becomes one matrix product (the lesson is in ops/conv2d.md).
//
//   x [C, H, W]  ->  columns [C*R*S, P*Q],   columns[(c, r, s)][(p, q)] = x[c][p*stride - padding + r][q*stride - padding + s]
//
// and pad_value where that lies outside the image: 0 for floats, the zero point for quantized codes (no default, so that
// nobody pads integers with 0 by accident). PyTorch counterpart: torch.nn.functional.unfold.
#pragma once

#include "ops/options.h"

namespace octet::ops {

/// One image, or one group's channels of it.
struct Im2colShape {
  int64_t channels, height, width;  // C, H, W
  Size2 kernel, stride, padding;    // R S
  int64_t out_height, out_width;    // P, Q
  int64_t rows() const { return channels * kernel.h * kernel.w; }
  int64_t cols() const { return out_height * out_width; }
};

template <class T>
void im2col(const T* x, const Im2colShape& s, T pad_value, T* columns) {
  for (int64_t row = 0; row < s.rows(); ++row) {
    const int64_t kw = row % s.kernel.w, kh = row / s.kernel.w % s.kernel.h, c = row / s.kernel.w / s.kernel.h;
    const T* plane = x + c * s.height * s.width;
    T* out = columns + row * s.cols();
    for (int64_t p = 0; p < s.out_height; ++p, out += s.out_width) {
      const int64_t h = p * s.stride.h - s.padding.h + kh;
      const bool inside = h >= 0 && h < s.height;
      for (int64_t q = 0; q < s.out_width; ++q) {
        const int64_t w = q * s.stride.w - s.padding.w + kw;
        out[q] = inside && w >= 0 && w < s.width ? plane[h * s.width + w] : pad_value;
      }
    }
  }
}

}  // namespace octet::ops
