// im2col: unfolds an image so that convolution becomes one matrix product (the lesson is in ops/conv2d.md).
//
//   x [C, H, W]  ->  columns [C*R*S, P*Q],   columns[(c, r, s)][(p, q)] = x[c][p*stride - padding + r][q*stride - padding + s]
//
// and pad_value where that lies outside the image: 0 for floats, the zero point for quantized codes (no default, so that
// nobody pads integers with 0 by accident). PyTorch counterpart: torch.nn.functional.unfold.
#pragma once

#include <algorithm>

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
    // Output columns whose pixel w = q*stride + left lies inside the image: [begin, end).
    const int64_t left = kw - s.padding.w;
    const int64_t begin = std::clamp<int64_t>((-left + s.stride.w - 1) / s.stride.w, 0, s.out_width);
    const int64_t end = std::clamp<int64_t>((s.width - left + s.stride.w - 1) / s.stride.w, begin, s.out_width);
    for (int64_t p = 0; p < s.out_height; ++p, out += s.out_width) {
      const int64_t h = p * s.stride.h - s.padding.h + kh;
      if (h < 0 || h >= s.height) {
        std::fill_n(out, s.out_width, pad_value);
        continue;
      }
      const T* pixels = plane + h * s.width + left;
      std::fill_n(out, begin, pad_value);
      if (s.stride.w == 1)
        std::copy(pixels + begin, pixels + end, out + begin);
      else
        for (int64_t q = begin; q < end; ++q) out[q] = pixels[q * s.stride.w];
      std::fill_n(out + end, s.out_width - end, pad_value);
    }
  }
}

}  // namespace octet::ops
