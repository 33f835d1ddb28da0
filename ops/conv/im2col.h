// im2col: unfolds an image so that convolution becomes one matrix product (the lesson is in ops/conv/conv2d.md).
//
//   x [C, H, W]  ->  columns [C*R*S, P*Q],   columns[(c, r, s)][(p, q)] = x[c][h][w],   h = p*stride - padding + r*dilation,
//   w likewise
//
// and pad_value where that lies outside the image: 0 for floats, the zero point for quantized codes (no default, so that
// nobody pads integers with 0 by accident). col2im is its transpose: it adds every column entry to the pixel it came from.
// `row_stride` is the distance between rows of columns: more than P*Q where several images stand side by side.
// PyTorch counterparts: torch.nn.functional.unfold and fold.
#pragma once

#include <algorithm>

#include "ops/support/im2col_shape.h"
#include "ops/support/integers.h"

namespace octet::ops {

/// Output columns q of row `row` whose pixel w = q*stride + left lies inside the image: [begin, end).
struct Im2colRow {
  int64_t channel, down, left, begin, end;  // the tap lies `down` rows below the window's first
  Im2colRow(const Im2colShape& s, int64_t row)
      : channel(row / s.kernel.w / s.kernel.h),
        down(row / s.kernel.w % s.kernel.h * s.dilation.h),
        left(row % s.kernel.w * s.dilation.w - s.padding.w),
        begin(std::clamp<int64_t>(ceil_div(-left, s.stride.w), 0, s.out_width)),
        end(std::clamp<int64_t>(ceil_div(s.width - left, s.stride.w), begin, s.out_width)) {}
};

template <class T>
void im2col(const T* x, const Im2colShape& s, T pad_value, T* columns, int64_t row_stride) {
  for (int64_t row = 0; row < s.rows(); ++row) {
    const Im2colRow r(s, row);
    const T* plane = x + r.channel * s.height * s.width;
    T* out = columns + row * row_stride;
    for (int64_t p = 0; p < s.out_height; ++p, out += s.out_width) {
      const int64_t h = p * s.stride.h - s.padding.h + r.down;
      if (h < 0 || h >= s.height) {
        std::fill_n(out, s.out_width, pad_value);
        continue;
      }
      const T* pixels = plane + h * s.width + r.left;
      std::fill_n(out, r.begin, pad_value);
      if (s.stride.w == 1)
        std::copy(pixels + r.begin, pixels + r.end, out + r.begin);
      else
        for (int64_t q = r.begin; q < r.end; ++q) out[q] = pixels[q * s.stride.w];
      std::fill_n(out + r.end, s.out_width - r.end, pad_value);
    }
  }
}

template <class T>
void im2col(const T* x, const Im2colShape& s, T pad_value, T* columns) {
  im2col(x, s, pad_value, columns, s.cols());
}

/// x [C, H, W] += the columns' entries.
inline void col2im(const float* columns, int64_t row_stride, const Im2colShape& s, float* x) {
  for (int64_t row = 0; row < s.rows(); ++row) {
    const Im2colRow r(s, row);
    float* plane = x + r.channel * s.height * s.width;
    const float* in = columns + row * row_stride;
    for (int64_t p = 0; p < s.out_height; ++p, in += s.out_width) {
      const int64_t h = p * s.stride.h - s.padding.h + r.down;
      if (h < 0 || h >= s.height) continue;
      float* pixels = plane + h * s.width + r.left;
      if (s.stride.w == 1)
        for (int64_t q = r.begin; q < r.end; ++q) pixels[q] += in[q];
      else
        for (int64_t q = r.begin; q < r.end; ++q) pixels[q * s.stride.w] += in[q];
    }
  }
}

}  // namespace octet::ops
