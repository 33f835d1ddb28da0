// Channels-last images with a border around them, so that no window needs a test for what lies outside: the direct convolutions
// read these.
#pragma once

#include <algorithm>

#include "ops/im2col.h"
#include "ops/scratch.h"
#include "tensor/tensor.h"

namespace octet::ops {

template <class T>
class PaddedImages {
 public:
  /// x [N, H, W, C] -> [N, height, width, C]: `padding` above and on the left of each image, the rest below and on the right.
  /// x itself where nothing is to be added; otherwise this thread's scratch, and kSlack bytes behind the last image may be read.
  PaddedImages(const Tensor& x, Size2 padding, int64_t height, int64_t width, T border)
      : row_stride_(width * x.size(3)), image_stride_(height * row_stride_), images_(reinterpret_cast<const T*>(x.bytes())) {
    const int64_t N = x.size(0), H = x.size(1), W = x.size(2), C = x.size(3);
    if (height == H && width == W) return;
    constexpr auto kSlackValues = static_cast<int64_t>(kSlack / sizeof(T));
    T* to = scratch<T>(Scratch::padded, N * image_stride_ + kSlackValues);
    const T* from = images_;
    const int64_t left = padding.w * C, inside = W * C, right = row_stride_ - left - inside;
#pragma omp parallel for
    for (int64_t i = 0; i < N * height; ++i) {
      const int64_t h = i % height - padding.h;
      T* row = to + i * row_stride_;
      if (h < 0 || h >= H) {
        std::fill_n(row, row_stride_, border);
        continue;
      }
      std::fill_n(row, left, border);
      std::copy_n(from + (i / height * H + h) * inside, inside, row + left);
      std::fill_n(row + left + inside, right, border);
    }
    std::fill_n(to + N * image_stride_, kSlackValues, border);
    images_ = to;
  }

  static constexpr size_t kSlack = 64;

  int64_t row_stride() const { return row_stride_; }
  const T* at(int64_t n, int64_t h, int64_t w_times_channels) const {
    return images_ + n * image_stride_ + h * row_stride_ + w_times_channels;
  }

  /// First values of the windows of `count` output pixels from `pixel` on (p * Q + q of image n).
  void windows(const Im2colShape& s, int64_t n, int64_t pixel, int64_t count, const T** to) const {
    for (int64_t m = 0; m < count; ++m) {
      const int64_t p = (pixel + m) / s.out_width, q = (pixel + m) % s.out_width;
      to[m] = at(n, p * s.stride.h, q * s.stride.w * s.channels);
    }
  }

 private:
  int64_t row_stride_, image_stride_;  // values
  const T* images_;
};

}  // namespace octet::ops
